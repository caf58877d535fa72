import { canonicalJson, type GitVerification } from '@gapferry/core';
import { z } from 'zod';
import { entryPath, sortedUnique } from './entry-schemas.ts';
import { demandedRefPattern, matchesRepository } from './repository-demand.ts';

/** Who must have signed which refs of a repository, as bundle.yaml says it. */
export interface GitSignersEntry {
  readonly allowedSigners?: string | undefined;
  readonly keyring?: string | undefined;
  readonly refs?: readonly string[] | undefined;
}

/** One demand, or several that must all be met. */
export type GitVerifyEntry = GitSignersEntry | readonly GitSignersEntry[];

/** What every repository must be signed with whose name matches. */
export interface GitUpstreamEntry {
  /** A pattern as in `allow` lists, held against `host/path`. */
  readonly match: string;
  readonly git: GitSignersEntry;
}

export const gitSignersEntry: z.ZodType<GitSignersEntry> = z
  .strictObject({
    allowedSigners: entryPath.optional(),
    keyring: entryPath.optional(),
    refs: z.array(demandedRefPattern).min(1).max(1000).optional(),
  })
  .refine(({ allowedSigners, keyring }) => allowedSigners !== undefined || keyring !== undefined, {
    error: 'names nobody: say allowedSigners (a file of SSH keys), keyring (of OpenPGP keys), or both',
  });

export const gitVerifyEntry: z.ZodType<GitVerifyEntry> = z.union([
  gitSignersEntry,
  z.array(gitSignersEntry).min(1).max(20),
]);

/** The demands that a wish states itself and those of the entries that match one of its names, each once, in one order. Absent where there are none. */
export function gitDemandsOn(
  names: readonly string[],
  own: GitVerifyEntry | undefined,
  upstream: readonly object[],
): { verify?: readonly GitVerification[] } {
  const stated = own === undefined ? [] : isList(own) ? own : [own];
  const general = upstream
    .filter(isGitEntry)
    .filter(({ match }) => names.some((name) => matchesRepository(match, name)))
    .map(({ git }) => ({ ...toVerification(git), ...(git.refs !== undefined && { ifAny: true as const }) }));
  const all = [...stated.map(toVerification), ...general];
  const unique = new Map(all.map((one) => [canonicalJson(one), one]));
  if (unique.size === 0) return {};
  return { verify: [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one) };
}

function isGitEntry(entry: object): entry is GitUpstreamEntry {
  return 'git' in entry;
}

function isList(own: GitVerifyEntry): own is readonly GitSignersEntry[] {
  return Array.isArray(own);
}

function toVerification({ allowedSigners, keyring, refs }: GitSignersEntry): GitVerification {
  return {
    ...(allowedSigners !== undefined && { allowedSigners }),
    ...(keyring !== undefined && { keyring }),
    ...(refs !== undefined && { refs: sortedUnique(refs) }),
  };
}
