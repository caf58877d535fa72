import {
  describeItem,
  type GitItem,
  LFS_LIST_LIMIT,
  lfsBlob,
  type Manifest,
  parseLfsList,
  requireVerified,
  type VerifiedRelease,
} from '@gapferry/bundle';
import { type BlobReader, checkRun, type Descriptor, type Run } from '@gapferry/core';
import { readList } from './read-list.ts';
import { requireListedBlobs } from './require-listed-blobs.ts';

/** Reads the lists of LFS objects that are blobs, and holds each against the item's blobs: what the manifest's own check does for objects in line.
 *  Throws `LIMIT_EXCEEDED`, `DIGEST_MISMATCH`, `JSON_INVALID` or `MANIFEST_INVALID`. */
export async function requireLfsLists(release: VerifiedRelease, medium: BlobReader, run: Run): Promise<void> {
  const { manifest } = requireVerified(release).opened;
  for (const item of manifest.items) {
    if (item.kind !== 'git' || item.lfs === undefined || !('list' in item.lfs)) continue;
    checkRun(run);
    await requireLfsList(manifest, item, item.lfs.list, medium, run);
  }
}

async function requireLfsList(
  manifest: Manifest,
  item: GitItem,
  list: Descriptor,
  medium: BlobReader,
  run: Run,
): Promise<void> {
  const what = `the list of LFS objects of ${describeItem(item)}`;
  const bytes = await readList(list, LFS_LIST_LIMIT, what, medium, run);
  const objects = parseLfsList(bytes, what).map(lfsBlob);
  const refs = 'list' in item.refs ? item.refs.list : undefined;
  requireListedBlobs(manifest, item, objects, [list, refs, item.signed], what);
}
