import {
  CONTENT_KINDS,
  type ContentChoice,
  type ContentKind,
  type FileWish,
  type ImageWish,
} from '@gapferry/core';
import { z } from 'zod';
import { type AptEntry, aptMembers, toAptWish } from './apt-entry.ts';
import { CONTENT_RECIPES, type DatabaseRecipe } from './content-recipes.ts';
import { entryProblem } from './entry-problem.ts';
import { entryText } from './entry-schemas.ts';
import { type ImageDefaults, toImageWish } from './image-entry.ts';
import { safeName } from './safe-name.ts';
import { folderUrl, webUrl } from './web-url.ts';

/** One of `content` in bundle.yaml: something that grows old, by what it is. */
export type ContentEntry = CommonEntry & (DatabaseEntry | AptEntry);

interface CommonEntry {
  readonly maxAge?: string | undefined;
  readonly old?: 'warn' | 'refuse' | undefined;
}

interface DatabaseEntry {
  readonly kind: Exclude<ContentKind, 'apt'>;
  readonly from?: string | undefined;
  readonly as?: string | undefined;
  readonly unsigned?: true | undefined;
}

const common = {
  maxAge: z
    .string()
    .regex(/^[1-9]\d{0,3}[hdw]$/, { error: 'is a number of hours, days or weeks, for example 36h, 7d or 2w' })
    .optional(),
  unsigned: z.literal(true).optional(),
  old: z.enum(['warn', 'refuse']).optional(),
};

export const contentEntry: z.ZodType<ContentEntry> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.enum(CONTENT_KINDS).exclude(['apt']),
    from: entryText.optional(),
    as: entryText.optional(),
    ...common,
  }),
  z.strictObject({ kind: z.literal('apt'), ...aptMembers, ...common }),
]);

/** What a line of `content` stands for: wishes of the other kinds. Throws what `entryProblem` makes. */
export function toContentWishes(entry: ContentEntry, defaults: ImageDefaults): (ImageWish | FileWish)[] {
  const recipe = CONTENT_RECIPES[entry.kind];
  const maxAge = entry.maxAge === undefined ? recipe.maxAge : secondsOf(entry.maxAge);
  const content: ContentChoice = {
    kind: entry.kind,
    ...(maxAge !== undefined && { maxAge }),
    ...(entry.old === 'refuse' && { old: entry.old }),
  };
  if (entry.kind === 'apt') return [toAptWish(entry, content)];
  if (entry.unsigned && recipe.form !== 'files')
    throw entryProblem(`${entry.kind} has no signature of its own: leave out "unsigned"`, 'unsigned');
  const from = entry.from ?? recipe.from;
  if (from === undefined)
    throw entryProblem(
      'nobody may mirror this from its maker without being asked: name your own mirror',
      'from',
    );
  return wishesOf(CONTENT_RECIPES[entry.kind], content, { ...entry, from }, defaults);
}

function wishesOf(
  recipe: DatabaseRecipe,
  content: Omit<ContentChoice, 'unsigned'>,
  { from, as, unsigned }: Pick<DatabaseEntry, 'as' | 'unsigned'> & { readonly from: string },
  defaults: ImageDefaults,
): (ImageWish | FileWish)[] {
  if (recipe.form === 'artifact') {
    if (as !== undefined) throw entryProblem('an image is called as its reference: leave out "as"', 'as');
    return [{ ...toImageWish({ ref: from, platforms: [] }, defaults), content }];
  }
  const folder = safeName(as ?? recipe.as);
  if (recipe.form === 'listing')
    return [{ kind: 'file', listing: webUrl(from, 'from'), as: folder, content }];
  const { maxAge, ...always } = content;
  return recipe.names.map((name) => ({
    kind: 'file',
    url: new URL(name, `${folderUrl(from, 'from')}/`).href,
    as: `${folder}/${name}`,
    content: {
      ...always,
      ...(maxAge !== undefined && recipe.ages.includes(name) && { maxAge }),
      ...(unsigned && { unsigned }),
    },
  }));
}

const SECONDS: Readonly<Record<string, number>> = { h: 3600, d: 86_400, w: 604_800 };

function secondsOf(age: string): number {
  return Number(age.slice(0, -1)) * (SECONDS[age.slice(-1)] ?? 0);
}
