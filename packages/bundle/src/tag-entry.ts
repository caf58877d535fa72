import { type GitTagChoice, type TagChoice, tagPattern } from '@gapferry/core';
import { validRange } from 'semver';
import { z } from 'zod';
import { checkedText, entryText, sortedUnique } from './entry-schemas.ts';

/** `tags` of an image: exact ones, or a choice among those of the repository. */
export type TagEntry =
  | readonly string[]
  | { readonly [Member in keyof TagChoice]?: TagChoice[Member] | undefined };

const list = z
  .array(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/, { error: 'is not a tag' }))
  .min(1)
  .max(10_000);

const semver = entryText
  .refine((range) => validRange(range) !== null, {
    error: ({ input }) => `"${String(input)}" is not a semver range, for example ~1.8 or >=2.1 <3`,
  })
  .optional();
const match = checkedText((text) => void tagPattern(text)).optional();
const newest = z.number().int().min(1).max(10_000).optional();

/** `tags` among the refs of a Git repository. */
export type GitTagEntry = { readonly [Member in keyof GitTagChoice]?: GitTagChoice[Member] | undefined };

export const gitTagEntry: z.ZodType<GitTagEntry> = z
  .strictObject({ semver, match, newest })
  .refine((choice) => Object.values(choice).some((one) => one !== undefined), {
    error: 'chooses nothing: say semver, match or newest',
  });

export const tagEntry: z.ZodType<TagEntry> = z.union([
  list,
  z
    .strictObject({
      list: list.optional(),
      semver,
      match,
      newest,
      by: z.enum(['version', 'created']).optional(),
    })
    .refine(
      ({ list, semver, match, newest }) => [list, semver, match, newest].some((one) => one !== undefined),
      {
        error: 'chooses nothing: say list, semver, match or newest',
      },
    )
    .refine(({ by, newest }) => by === undefined || newest !== undefined, {
      error: 'says what the newest is, but "newest" does not say how many',
      path: ['by'],
    }),
]);

/** With nothing said that is implied: two spellings of one choice are one wish. */
export function toTagChoice(entry: TagEntry): TagChoice {
  if (isList(entry)) return { list: sortedUnique(entry) };
  const { list: tags, semver, match, newest, by } = entry;
  return {
    ...(tags !== undefined && { list: sortedUnique(tags) }),
    ...(semver !== undefined && { semver }),
    ...(match !== undefined && { match }),
    ...(newest !== undefined && { newest }),
    ...(by === 'created' && { by }),
  };
}

function isList(entry: TagEntry): entry is readonly string[] {
  return Array.isArray(entry);
}
