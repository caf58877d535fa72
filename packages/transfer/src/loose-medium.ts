import type {
  BlobFindings,
  BlobReader,
  BlobWriter,
  Descriptor,
  Digest,
  ReleaseReader,
  ReleaseWriter,
  Run,
  SizedDigest,
} from '@gapferry/core';

/** What exporting needs of the depot on a medium. A depot opened with `origin: 'medium'` fits. */
export interface LooseMedium extends BlobReader, BlobWriter, ReleaseReader, ReleaseWriter {
  /** Absolute path, for messages. */
  readonly directory: string;
  /** As `BlobChecker.check`. With `direct` it reads past the page cache where it can, and says whether it could. */
  check(
    blobs: readonly SizedDigest[],
    run: Run,
    options: { readonly direct: boolean },
  ): Promise<BlobFindings & { readonly cacheBypassed: boolean }>;
  /** Adds names to the medium's `index.json`, in one step. */
  nameItems(
    entries: ReadonlyArray<{ readonly name: string; readonly root: Descriptor }>,
    run: Run,
  ): Promise<void>;
  /** Bytes: free, of the smallest file, and of the largest file where there is a limit. */
  space(): Promise<{ readonly free: number; readonly blockSize: number; readonly largestFile?: number }>;
  /** Bytes of a blob that an earlier, broken export left and that are not written again. */
  begun(blob: SizedDigest): Promise<number>;
  /** Removes a blob that was read back wrong, so that the next export writes it again. */
  discard(digest: Digest): Promise<void>;
  /** Names on the medium that are not the depot's. Untrusted text. */
  foreignNames(): Promise<readonly string[]>;
}
