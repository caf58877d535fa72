import type { GitCheck } from '@gapferry/core';

/** The order in which `checked` of a repository is written: one entry for each signer. */
export function signerKey(check: GitCheck): string {
  return check.by === 'git-ssh' ? `ssh ${check.key} ${check.principal}` : `openpgp ${check.fingerprint}`;
}

/** One entry for each signer, sorted: two demands may be met by the same one, each on refs of its own. */
export function mergeGitChecks(checks: readonly GitCheck[]): readonly GitCheck[] {
  const bySigner = Map.groupBy(checks, signerKey);
  return [...bySigner]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [one, ...more]]) => (one === undefined ? [] : [withRefs(one, [one, ...more])]));
}

/** Members in full: a manifest has no others. */
function withRefs(one: GitCheck, all: readonly GitCheck[]): GitCheck {
  const refs = [...new Set(all.flatMap((check) => check.refs))].sort();
  return one.by === 'git-ssh'
    ? { by: one.by, key: one.key, principal: one.principal, refs }
    : { by: one.by, fingerprint: one.fingerprint, refs };
}
