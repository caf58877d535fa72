import { freshnessOf, GapferryError, matchesGlob, printable } from '@gapferry/core';
import { contentOf } from './content-of-item.ts';
import { CONTENT_RECIPES } from './content-recipes.ts';
import type { ContentRule } from './content-rule.ts';
import { demandedNames, matchesDemand } from './demand-glob.ts';
import { type FileLists, filesIn } from './directory-change.ts';
import {
  type ChartItem,
  describeItem,
  type FileItem,
  type ImageItem,
  type Item,
  isDirectoryItem,
  type Manifest,
} from './manifest.ts';
import { listingBeside } from './read-content-date.ts';

/** Refuses what is older at `now` than the trust policy takes it, what is dated a day or more ahead of `now`, and what a rule names and has no date. Every rule that fits must be kept.
 *  Throws `CONTENT_TOO_OLD` naming each item, its date, its age and the limit. Dates are believed: whoever calls has held them against the content. `lists`: the files of directories whose list is a blob, where a rule has `match`. */
export function requireFreshContent(
  { items }: Manifest,
  rules: readonly ContentRule[],
  lists: FileLists,
  now: Date,
): void {
  if (rules.length === 0) return;
  const stale = items
    .filter((item) => item.kind !== 'git')
    .flatMap((item) =>
      rules.flatMap((rule) => staleBy(item, rule, items, now) ?? hiddenIn(item, rule, lists) ?? []),
    );
  if (stale.length === 0) return;
  const more = stale.length > 10 ? `; and ${stale.length - 10} more` : '';
  throw new GapferryError({
    code: 'CONTENT_TOO_OLD',
    message: printable(
      `the trust policy refuses the age of content: ${stale
        .slice(0, 10)
        .map(({ text }) => text)
        .join('; ')}${more}`,
    ),
    hint: `nothing was loaded; it is ${now.toISOString().slice(0, 16)}Z by the clock here: where that is right, collect newer content outside and send a new release, or change "content" in trust.yaml and pin it`,
    origin: 'medium',
    data: { now: now.toISOString(), content: stale.map(({ text: _text, ...facts }) => facts) },
  });
}

/** A chart has the place of an image of its name. */
type HeldItem = ImageItem | ChartItem | FileItem;

interface Stale {
  readonly item: string;
  /** RFC 3339; absent where it has no date. */
  readonly updated?: string;
  /** Whole seconds ≥ 0. */
  readonly age?: number;
  readonly maxAgeDays: number;
  readonly text: string;
}

function staleBy(item: HeldItem, rule: ContentRule, items: readonly Item[], now: Date): Stale | undefined {
  if (!isMeant(item, rule, items)) return undefined;
  const { maxAgeDays, kind } = rule;
  const content = contentOf(item);
  const name = describeItem(item);
  if (content === undefined)
    return { item: name, maxAgeDays, text: `${name} has no date, and may be of any age` };
  const { updated } = content;
  const { age, state } = freshnessOf(content, now);
  const stale = (text: string): Stale => ({
    item: name,
    updated,
    age: Math.floor(age / 1000),
    maxAgeDays,
    text: `${name} ${text}`,
  });
  if (kind !== undefined && content.kind !== kind) return stale(`is ${content.kind}, and must be ${kind}`);
  if (state === 'dated ahead')
    return stale(`is of ${updated}, which is yet to come: how old it is cannot be told`);
  if (age <= maxAgeDays * 86_400_000) return undefined;
  return stale(`is of ${updated}, ${agesOf(age)} old, and may be ${dayText(maxAgeDays)} old`);
}

/** A file of a directory has no date of its own, also where the directory has one. */
function hiddenIn(item: HeldItem, { match, maxAgeDays }: ContentRule, lists: FileLists): Stale | undefined {
  if (match === undefined || item.kind !== 'file' || !isDirectoryItem(item) || fits(match, item))
    return undefined;
  const [literal = ''] = match.toLowerCase().split('*', 1);
  const id = item.id.toLowerCase();
  if (!literal.startsWith(id) && !id.startsWith(literal)) return undefined;
  const found = filesIn(item, lists).find(({ path }) => isFile(match, `${item.id}${path}`));
  if (found === undefined) return undefined;
  const name = `${describeItem(item)}${found.path}`;
  return { item: name, maxAgeDays, text: `${name} has no date, and may be of any age` };
}

/** By pattern everything that it fits; by kind alone only what grows old, and not the parts that are made anew once in years. What says how old a neighbour is has no date of its own. */
function isMeant(item: HeldItem, { kind, match }: ContentRule, items: readonly Item[]): boolean {
  if (match !== undefined) return fits(match, item) && !isListing(item, items);
  return contentOf(item)?.kind === kind && growsOld(item);
}

function fits(pattern: string, item: HeldItem): boolean {
  if (item.kind !== 'file') return demandedNames(item).some((name) => matchesDemand(pattern, name));
  return isFile(pattern, item.id);
}

/** Two spellings of one name are one place on some file systems. */
function isFile(pattern: string, path: string): boolean {
  return matchesGlob(pattern.toLowerCase(), path.toLowerCase());
}

function isListing({ kind, id }: Item, items: readonly Item[]): boolean {
  return (
    kind === 'file' &&
    items.some((other) => contentOf(other)?.kind === 'grype-db' && listingBeside(other.id) === id)
  );
}

function growsOld(item: Item): boolean {
  const content = contentOf(item);
  const recipe = content && CONTENT_RECIPES[content.kind];
  const name = item.id.slice(item.id.lastIndexOf('/') + 1).toLowerCase();
  // What the recipe does not know grows old.
  return recipe?.form !== 'files' || recipe.ages.includes(name) || !recipe.names.includes(name);
}

/** `9 days`, `36 hours`. */
function agesOf(milliseconds: number): string {
  const hours = Math.floor(milliseconds / 3_600_000);
  return hours < 72 ? `${hours} hours` : dayText(Math.floor(hours / 24));
}

function dayText(days: number): string {
  return days === 1 ? '1 day' : `${days} days`;
}
