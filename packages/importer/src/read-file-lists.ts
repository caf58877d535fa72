import {
  describeItem,
  FILE_LIST_LIMIT,
  isDirectoryItem,
  type Manifest,
  parseFileList,
  requireVerified,
  type VerifiedRelease,
} from '@gapferry/bundle';
import { type BlobReader, checkRun, type DirectoryFile, type Run } from '@gapferry/core';
import { readList } from './read-list.ts';
import { requireListedBlobs } from './require-listed-blobs.ts';

/** Reads the files of directories whose list is a blob, by item id, and holds each list against the item's blobs: what the manifest's own check does for files in line.
 *  Throws `LIMIT_EXCEEDED`, `DIGEST_MISMATCH`, `JSON_INVALID` or `MANIFEST_INVALID`. */
export async function readFileLists(
  release: VerifiedRelease,
  medium: BlobReader,
  run: Run,
): Promise<ReadonlyMap<string, readonly DirectoryFile[]>> {
  return await readFileListsOf(requireVerified(release).opened.manifest, medium, run);
}

/** Of a manifest that perhaps nobody has verified. Throws the same. */
export async function readFileListsOf(
  manifest: Manifest,
  medium: BlobReader,
  run: Run,
): Promise<ReadonlyMap<string, readonly DirectoryFile[]>> {
  const lists = new Map<string, readonly DirectoryFile[]>();
  for (const item of manifest.items) {
    if (!isDirectoryItem(item) || !('list' in item.files)) continue;
    checkRun(run);
    const what = `the list of files of ${describeItem(item)}`;
    const bytes = await readList(item.files.list, FILE_LIST_LIMIT, what, medium, run);
    const files = parseFileList(bytes, item.id, what);
    requireListedBlobs(manifest, item, files, [item.files.list], what);
    lists.set(item.id, files);
  }
  return lists;
}
