import { folderConflicts, type GitRefs, type RefChange, type Run, shortRefName } from '@gapferry/core';
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
  const changes: RefChange[] = [];
  for (const { name, oid } of load.refs) {
    const from = there.get(name);
    if (from === oid) continue;
    const change =
      from === undefined ? createRef(name) : await moveRef(input, name, from, oid, backupOf, run);
    changes.push(underRules(change, input));
  }
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

async function moveRef(
  { stage, policy }: JudgeRefs,
  ref: string,
  from: string,
  to: string,
  backupOf: (ref: string, oid: string) => string,
  run: Run,
): Promise<RefChange> {
  if (ref.startsWith('refs/tags/')) {
    const change = { ref, how: 'move-tag', from, backup: backupOf(ref, from) } as const;
    return policy.tags === 'move'
      ? change
      : { ...change, refused: 'a tag is never moved (`refs: {tags: keep}`)' };
  }
  const commits = await stage.forward(from, to, run);
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
