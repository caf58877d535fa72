import { type GitTagChoice, type GitWish, gitIdentity, isGapferryError } from '@gapferry/core';
import { z } from 'zod';
import { entryProblem } from './entry-problem.ts';
import { entryText, sortedUnique, withHint } from './entry-schemas.ts';
import { type GitVerifyEntry, gitDemandsOn, gitVerifyEntry } from './git-verify-entry.ts';
import { safeName } from './safe-name.ts';
import { type GitTagEntry, gitTagEntry, toTagChoice } from './tag-entry.ts';
import type { UpstreamEntry } from './upstream-entry.ts';

/** One of `git` in bundle.yaml. */
export interface GitEntry {
  readonly url: string;
  readonly refs?: ReadonlyArray<string | { readonly tags: GitTagEntry }> | undefined;
  readonly depth?: number | undefined;
  readonly lfs?: 'tips' | 'all' | 'none' | undefined;
  readonly verify?: GitVerifyEntry | undefined;
  readonly as?: string | undefined;
  readonly images?: 'discover' | 'none' | undefined;
  readonly submodules?: 'follow' | 'none' | undefined;
}

export const gitEntry: z.ZodType<GitEntry> = z.strictObject({
  url: entryText,
  refs: z
    .array(z.union([entryText, z.strictObject({ tags: gitTagEntry })]))
    .max(1000)
    .refine((refs) => refs.filter((ref) => typeof ref !== 'string').length <= 1, {
      error: 'chooses tags twice: one of them is enough',
    })
    .optional(),
  depth: z.number().int().min(1).max(1_000_000).optional(),
  lfs: z.enum(['tips', 'all', 'none']).optional(),
  verify: gitVerifyEntry.optional(),
  as: entryText.optional(),
  images: z.enum(['discover', 'none']).optional(),
  submodules: z.enum(['follow', 'none']).optional(),
});

/** How a Git address is normalised and refused; the cli passes the git package's rule. */
export type NormalizeGitUrl = (url: string) => string;

/** `upstream`: what bundle.yaml demands of every repository that a pattern fits. */
export function toGitWish(
  entry: GitEntry,
  normalize: NormalizeGitUrl,
  upstream: readonly UpstreamEntry[] = [],
): GitWish {
  const url = gitUrl(entry.url, normalize);
  return {
    kind: 'git',
    url,
    refs: sortedUnique((entry.refs ?? []).filter((ref) => typeof ref === 'string')),
    ...tagsOf(entry),
    ...(entry.depth !== undefined && { depth: entry.depth }),
    ...(entry.lfs !== undefined && entry.lfs !== 'tips' && { lfs: entry.lfs }),
    ...gitDemandsOn(gitNames(url, entry.as), entry.verify, upstream),
    ...(entry.as !== undefined && { as: safeName(entry.as) }),
    ...(entry.images === 'discover' && { images: 'discover' }),
    ...(entry.submodules === 'none' && { submodules: 'none' }),
  };
}

/** What patterns of demands are held against: what it is called in a release, and where it comes from. */
export function gitNames(url: string, as: string = gitIdentity(url)): readonly string[] {
  return [as, gitIdentity(url)];
}

function tagsOf({ refs = [] }: GitEntry): { tags?: GitTagChoice } {
  const [choice] = refs.filter((ref) => typeof ref !== 'string');
  return choice === undefined ? {} : { tags: toTagChoice(choice.tags) };
}

/** The rule is not ours: whatever it refuses is the URL's fault. */
function gitUrl(url: string, normalize: NormalizeGitUrl): string {
  try {
    return normalize(url);
  } catch (error) {
    throw isGapferryError(error) ? entryProblem(withHint(error), 'url') : error;
  }
}
