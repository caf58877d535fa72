import { contentOf, describeItem, type Manifest } from '@gapferry/bundle';
import { type ContentDate, type Freshness, freshnessOf } from '@gapferry/core';
import { formatDuration } from './format-duration.ts';
import { formatTable } from './format-table.ts';

/** How old an item is that is content that grows old. */
export interface ContentAge extends ContentDate {
  /** `file clamav/daily.cvd`. */
  readonly item: string;
  /** Whole seconds ≥ 0. */
  readonly age: number;
  readonly state: Freshness;
}

/** For other programs; in the order of the manifest. */
export function contentAges({ items }: Manifest, now: Date): readonly ContentAge[] {
  return items.flatMap((item) => {
    const content = contentOf(item);
    if (content === undefined) return [];
    const { age, state } = freshnessOf(content, now);
    return [{ item: describeItem(item), ...content, age: Math.floor(age / 1000), state }];
  });
}

/** For people: a line for each; none where a release has no such content. */
export function contentLines(manifest: Manifest, now: Date): string[] {
  return contentAgeLines(contentAges(manifest, now));
}

/** The same for ages that are known. */
export function contentAgeLines(ages: readonly ContentAge[]): string[] {
  if (ages.length === 0) return [];
  const rows = ages.map((one) => [one.item, one.kind, `of ${one.updated}`, ageText(one)]);
  return ['content and its age:', formatTable(rows, { indent: 2 })];
}

function ageText({ age, maxAge, until, state }: ContentAge): string {
  if (state === 'dated ahead') return 'yet to come';
  const end = until === undefined ? '' : `; good until ${until}`;
  const old = `${formatDuration(age * 1000)} old`;
  if (maxAge === undefined) return `${old}${end}${state === 'too old' ? ' only' : ''}`;
  const may = formatDuration(maxAge * 1000);
  if (age > maxAge) return `${old}, too old: it may be ${may}${end}`;
  return `${old} of ${may}${end}${state === 'too old' ? ' only' : ''}`;
}
