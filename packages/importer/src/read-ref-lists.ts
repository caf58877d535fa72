import {
  describeItem,
  type GitItem,
  parseRefList,
  REF_LIST_LIMIT,
  requireVerified,
  type VerifiedRelease,
} from '@gapferry/bundle';
import {
  type BlobReader,
  checkRun,
  type Descriptor,
  GapferryError,
  type GitRef,
  type Run,
  readVerified,
} from '@gapferry/core';

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
  if (list.size > REF_LIST_LIMIT)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${what} has ${list.size} bytes; the limit is ${REF_LIST_LIMIT}`,
      origin: 'medium',
    });
  const bytes = await readVerified(list, medium.open(list, run), { origin: 'medium', place: what });
  const refs = parseRefList(bytes, what);
  const length = item.objectFormat === 'sha1' ? 40 : 64;
  if (refs.some((ref) => ref.oid.length !== length))
    throw invalid(`${what} has an object id that is not ${item.objectFormat}`);
  if (item.head !== undefined && !refs.some((ref) => ref.name === item.head))
    throw invalid(`HEAD ${item.head} of ${describeItem(item)} is not in its list of refs`);
  return refs;
}

function invalid(message: string): GapferryError {
  return new GapferryError({
    code: 'MANIFEST_INVALID',
    message,
    hint: 'the release was made wrong: collect a new one',
    origin: 'medium',
  });
}
