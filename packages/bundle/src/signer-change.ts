import type { GitCheck, GitSigner } from '@gapferry/core';
import type { GitItem } from './manifest.ts';
import { signerKey } from './merge-git-checks.ts';

/** What changes in who signed the refs of a repository, as it was checked outside. */
export interface SignerChange {
  /** Who signed something on side B, and nothing on side A. */
  readonly added: readonly GitSigner[];
  readonly removed: readonly GitSigner[];
  /** Refs that were signed on side A and are not any more, sorted; those that are gone do not count. */
  readonly unsigned: readonly string[];
}

/** Undefined where nothing changes. `deleted`: names of refs that side B has not. */
export function signerChange(
  { checked: before = [] }: GitItem,
  { checked: after = [] }: GitItem,
  deleted: ReadonlySet<string>,
): SignerChange | undefined {
  const signed = new Set(after.flatMap(({ refs }) => refs));
  const lost = before.flatMap(({ refs }) => refs).filter((name) => !signed.has(name) && !deleted.has(name));
  const change = {
    added: signersWithout(after, before),
    removed: signersWithout(before, after),
    unsigned: [...new Set(lost)].sort(),
  };
  return Object.values(change).every((list) => list.length === 0) ? undefined : change;
}

function signersWithout(all: readonly GitCheck[], others: readonly GitCheck[]): GitSigner[] {
  const known = new Set(others.map(signerKey));
  return all.filter((check) => !known.has(signerKey(check))).map(({ refs: _refs, ...signer }) => signer);
}
