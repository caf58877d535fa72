import type { ItemChange, RefChange, ReleaseDiff } from '@gapferry/bundle';

/** Counts the commits between two object ids of a Git item: reached from `to` and not from `from`, and the other way round; undefined when the objects are not at hand. */
export type CountCommits = (
  gitId: string,
  from: string,
  to: string,
) => Promise<{ readonly added: number; readonly removed: number } | undefined>;

/** The same difference with commit counts on every ref that moved and could be counted. One question at a time, the same question once. */
export async function withCommitCounts(diff: ReleaseDiff, count: CountCommits): Promise<ReleaseDiff> {
  const changes: ItemChange[] = [];
  for (const change of diff.changes)
    changes.push(change.change === 'refs' ? { ...change, refs: await counted(change, count) } : change);
  return { ...diff, changes };
}

async function counted(
  { id, refs }: Extract<ItemChange, { change: 'refs' }>,
  count: CountCommits,
): Promise<RefChange[]> {
  const known = new Map<string, RefChange['commits'] | undefined>();
  const result: RefChange[] = [];
  for (const ref of refs) {
    const { from, to } = ref;
    if (from === undefined || to === undefined) {
      result.push(ref);
      continue;
    }
    const key = `${from} ${to}`;
    if (!known.has(key)) known.set(key, await count(id, from, to));
    const commits = known.get(key);
    result.push(commits === undefined ? ref : { ...ref, commits });
  }
  return result;
}
