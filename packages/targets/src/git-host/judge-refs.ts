import { folderConflicts, type GitRefs, type RefChange, type Run, shortRefName } from '@gapferry/core';
import pLimit from 'p-limit';
import { backupNames } from './backup-names.ts';
import type { Protection, RefsPolicy } from './git-host.ts';
import type { RemoteState, StagedRepository } from './git-remotes.ts';

export interface JudgeRefs {
  readonly load: GitRefs;
  readonly now: RemoteState;
  readonly stage: Pick<StagedRepository, 'forward'>;
  readonly policy: RefsPolicy;
  readonly protections: readonly Protection[];
  /** Of the release. */
  readonly sequence: number;
}

/** What loading would do to each ref that is not as the release wants it, and which refs beside it the policy lets go; both sorted by name. Looks only. */
export async function judgeRefs(
  input: JudgeRefs,
  run: Run,
): Promise<{ readonly changes: readonly RefChange[]; readonly prunable: readonly RefChange[] }> {
  const { load, now, policy } = input;
  const there = new Map(now.refs.map(({ name, oid }) => [name, oid]));
  const backupOf = backupNames(input.sequence, there);
  const ahead = await commitsAhead(input, there, run);
  const changes = load.refs.flatMap(({ name, oid }) => {
    const from = there.get(name);
    if (from === oid) return [];
    const change =
      from === undefined ? createRef(name) : moveRef(input, name, from, ahead.get(name), backupOf);
    return [underRules(change, input)];
  });
  const wanted = new Set(load.refs.map(({ name }) => name));
  const others = now.refs.filter(({ name }) => !wanted.has(name) && shortRefName(name) !== undefined);
  const blocked = blockedBy(load, others);
  const prunable = (policy.prune ? others : []).map(({ name, oid }) =>
    underRules({ ref: name, how: 'prune', from: oid, backup: backupOf(name, oid) }, input),
  );
  return {
    changes: changes.map((change) => unlessBlocked(change, blocked)).sort(byRef),
    prunable: prunable.sort(byRef),
  };
}

/** Refs of the load, and the one there that is a folder on their way or lies below them: git has never both, and does not replace one by the other at once. */
function blockedBy(load: GitRefs, others: readonly { readonly name: string }[]): ReadonlyMap<string, string> {
  const there = new Set(others.map(({ name }) => name));
  const pairs = folderConflicts([...load.refs, ...others].map(({ name }) => name));
  return new Map(pairs.map(([folder, name]) => (there.has(name) ? [folder, name] : [name, folder])));
}

function unlessBlocked(change: RefChange, blocked: ReadonlyMap<string, string>): RefChange {
  const other = blocked.get(change.ref);
  if (other === undefined || change.refused !== undefined) return change;
  return { ...change, refused: `"${other}" is in its way: delete it at the host` };
}

function createRef(ref: string): RefChange {
  return { ref, how: 'create' };
}

/** Histories compared at a time: each is a process. */
const COMPARED_AT_ONCE = 4;

/** How many commits each branch that moves is ahead; those are left out that would lose some. */
async function commitsAhead(
  { load, stage }: JudgeRefs,
  there: ReadonlyMap<string, string>,
  run: Run,
): Promise<ReadonlyMap<string, number>> {
  const limit = pLimit(COMPARED_AT_ONCE);
  const ahead = new Map<string, number>();
  // Many branches often make the same step.
  const steps = new Map<string, Promise<number | undefined>>();
  const compare = async (name: string, from: string, to: string): Promise<void> => {
    const step = `${from} ${to}`;
    const comparing = steps.get(step) ?? limit(() => stage.forward(from, to, run));
    steps.set(step, comparing);
    const commits = await comparing;
    if (commits !== undefined) ahead.set(name, commits);
  };
  await Promise.all(
    load.refs.flatMap(({ name, oid }) => {
      const from = there.get(name);
      const moves = from !== undefined && from !== oid && !name.startsWith('refs/tags/');
      return moves ? [compare(name, from, oid)] : [];
    }),
  );
  return ahead;
}

function moveRef(
  { policy }: JudgeRefs,
  ref: string,
  from: string,
  commits: number | undefined,
  backupOf: (ref: string, oid: string) => string,
): RefChange {
  if (ref.startsWith('refs/tags/')) {
    const change = { ref, how: 'move-tag', from, backup: backupOf(ref, from) } as const;
    return policy.tags === 'move'
      ? change
      : { ...change, refused: 'a tag is never moved (`refs: {tags: keep}`)' };
  }
  if (commits !== undefined) return { ref, how: 'forward', from, commits };
  const change = { ref, how: 'force', from, backup: backupOf(ref, from) } as const;
  return policy.force === 'backup'
    ? change
    : { ...change, refused: 'it would lose commits (`refs: {force: refuse}`)' };
}

function underRules(change: RefChange, { protections, policy }: JudgeRefs): RefChange {
  const rule = protections.find((one) => one.matches(change.ref));
  if (rule === undefined || rule.lets(change.how) || change.refused !== undefined) return change;
  // No product takes the deletion of a protected ref, whoever asks, unless the rule itself is deleted.
  if (policy.protected === 'lift' && rule.lift !== undefined && change.how !== 'prune')
    return { ...change, lifts: rule.rule };
  const why = policy.protected === 'lift' ? ' and cannot be lifted' : ' (`refs: {protected: refuse}`)';
  return { ...change, refused: `the host protects it by the rule "${rule.rule}"${why}` };
}

function byRef(a: RefChange, b: RefChange): number {
  return a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0;
}
