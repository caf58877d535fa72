import {
  describeItem,
  type GitItem,
  parseRefList,
  REF_LIST_LIMIT,
  requireVerified,
  type VerifiedRelease,
} from '@gapferry/bundle';
import { type BlobReader, checkRun, type Descriptor, type GitRef, type Run } from '@gapferry/core';
import { invalidList, readList } from './read-list.ts';

/** Reads the refs of Git items whose list is a blob, by item id. What the manifest's own check holds against refs in line is held against these.
 *  Throws `LIMIT_EXCEEDED`, `DIGEST_MISMATCH`, `JSON_INVALID` or `MANIFEST_INVALID`. */
export async function readRefLists(
  release: VerifiedRelease,
  medium: BlobReader,
  run: Run,
): Promise<ReadonlyMap<string, readonly GitRef[]>> {
  const lists = new Map<string, readonly GitRef[]>();
  for (const item of requireVerified(release).opened.manifest.items) {
    if (item.kind !== 'git' || !('list' in item.refs)) continue;
    checkRun(run);
    lists.set(item.id, await readRefList(item, item.refs.list, medium, run));
  }
  return lists;
}

/** Reads one list, judged by its size before memory is spent on it. Throws the same. */
export async function readRefList(
  item: GitItem,
  list: Descriptor,
  medium: BlobReader,
  run: Run,
): Promise<GitRef[]> {
  const what = `the list of refs of ${describeItem(item)}`;
  const bytes = await readList(list, REF_LIST_LIMIT, what, medium, run);
  const refs = parseRefList(bytes, what);
  const length = item.objectFormat === 'sha1' ? 40 : 64;
  if (refs.some((ref) => ref.oid.length !== length))
    throw invalidList(`${what} has an object id that is not ${item.objectFormat}`);
  if (item.head !== undefined && !refs.some((ref) => ref.name === item.head))
    throw invalidList(`HEAD ${item.head} of ${describeItem(item)} is not in its list of refs`);
  return refs;
}
