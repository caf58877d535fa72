import {
  type BlobReader,
  GapferryError,
  type GitContent,
  type Run,
  type SizedDigest,
  totalSize,
} from '@gapferry/core';
import type { GitHostPlace } from './git-host-place.ts';
import type { LfsStore } from './lfs-store.ts';

/** Objects of Git LFS that a repository lacks; where there is none yet, all of them. */
export async function lackedObjects(
  place: GitHostPlace,
  load: GitContent,
  isThere: boolean,
  run: Run,
): Promise<readonly SizedDigest[]> {
  const { lfs = [] } = load;
  if (lfs.length === 0 || !isThere) return lfs;
  return await storeOf(place, load).missing(lfsUrl(place, load), lfs, load.item, run);
}

/** Sends what is lacked; the repository is there. */
export async function sendLacked(
  place: GitHostPlace,
  load: GitContent,
  lacked: readonly SizedDigest[],
  from: BlobReader,
  run: Run,
): Promise<number> {
  if (lacked.length === 0) return 0;
  return await storeOf(place, load).send(lfsUrl(place, load), lacked, from, load.item, run);
}

/** The barrier: the host is asked again. Throws `BLOB_MISSING`. */
export async function proveLfs(place: GitHostPlace, load: GitContent, run: Run): Promise<void> {
  const lacked = await lackedObjects(place, load, true, run);
  const [first] = lacked;
  if (first === undefined) return;
  throw new GapferryError({
    code: 'BLOB_MISSING',
    message: `${load.item} did not come back from the target ${place.target}: the host lacks ${lacked.length} Git LFS object(s) (${totalSize(lacked)} bytes), first ${first.digest}`,
    hint: 'no branch or tag was set; look whether something cleans up at the host, and run the import again',
    origin: 'target',
    data: { item: load.item, target: place.target },
  });
}

function lfsUrl({ host }: GitHostPlace, { repository }: GitContent): string {
  return host.urlOf(host.pathOf(repository));
}

function storeOf({ lfs, target }: GitHostPlace, { item }: GitContent): LfsStore {
  if (lfs !== undefined) return lfs;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${item} has files that Git LFS keeps, and the target ${target} takes none`,
    hint: 'send the repository to another target, or say "lfs: none" in bundle.yaml',
    origin: 'target',
  });
}
