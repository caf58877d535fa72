import type { BlobReader, Run, SizedDigest } from '@gapferry/core';

/** What a target of Git repositories at another host needs of Git LFS there. URLs are those to which repositories are pushed. */
export interface LfsStore {
  /** Which of these objects the host lacks for the repository. Looks only. Throws `TARGET_CONFLICT` where it has no Git LFS. */
  missing(
    url: string,
    objects: readonly SizedDigest[],
    item: string,
    run: Run,
  ): Promise<readonly SizedDigest[]>;
  /** Sends what the host lacks of these objects; it proves each by its sha256. Returns the bytes that were sent. */
  send(
    url: string,
    objects: readonly SizedDigest[],
    from: BlobReader,
    item: string,
    run: Run,
  ): Promise<number>;
}
