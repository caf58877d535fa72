import { type GitRef, matchesGlob, matchesRef, toDirectoryName } from '@gapferry/core';
import { z } from 'zod';
import { matchesDemand } from './demand-glob.ts';

/** Does a pattern that demands something fit the name of a repository, with or without `.git`? Git hosts have no case and targets know neither `.git` nor `:`, so what a sender can only spell in another way is the same. */
export function matchesRepository(pattern: string, name: string): boolean {
  return (
    [name, `${name}.git`].some((one) => matchesDemand(pattern, one)) ||
    matchesGlob(asAtHost(pattern), asAtHost(name))
  );
}

function asAtHost(name: string): string {
  return toDirectoryName(name)
    .normalize('NFC')
    .toLowerCase()
    .replace(/\.git$/, '');
}

/** Which refs of a repository a demand names; `patterns` absent: all. Where nobody says which branch is the default, `HEAD` means every branch: leaving it out must not free the one that it is. */
export function demandedRefs(
  { refs, head }: { readonly refs: readonly GitRef[]; readonly head?: string | undefined },
  patterns: readonly string[] | undefined,
): readonly GitRef[] {
  if (patterns === undefined) return refs;
  const known =
    head === undefined ? patterns.map((one) => (one === 'HEAD' ? 'refs/heads/*' : one)) : patterns;
  return refs.filter(({ name }) => known.some((pattern) => matchesRef(name, pattern, head)));
}

/** A pattern of `refs` that can fit a branch or tag: one that never does would be a demand that nobody notices to be missing. */
export const demandedRefPattern: z.ZodType<string, string> = z
  .string()
  .min(1)
  .max(1000)
  .refine(canFit, { error: 'fits no branch or tag: write main, v*, refs/heads/… or refs/tags/…' });

function canFit(pattern: string): boolean {
  const [start = ''] = pattern.split('*');
  // As git shows them in some places, and nobody here.
  if (!start.startsWith('refs/')) return !/^(?:heads|tags|remotes)?\//.test(pattern);
  return ['refs/heads/', 'refs/tags/'].some(
    (kind) => kind !== pattern && (start.startsWith(kind) || (start !== pattern && kind.startsWith(start))),
  );
}
