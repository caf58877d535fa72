import type { Manifest } from '@gapferry/bundle';
import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { contentAges, contentLines } from './content-dates.ts';
import { formatInventory } from './format-inventory.ts';

const root = { mediaType: 'application/octet-stream', digest: digestOf('a'), size: 1 };
const file = (id: string, content?: object) => ({
  kind: 'file',
  id,
  blobs: [root.digest],
  root,
  source: '',
  checked: ['clamav'],
  ...(content && { content: { kind: 'clamav-db', ...content } }),
});
const manifest = {
  bundle: 'a',
  version: '1',
  platforms: [],
  blobs: [root],
  items: [
    file('a', { updated: '2026-03-10T00:00:00Z', maxAge: 864_000 }),
    file('b', { updated: '2026-03-01T06:00:00Z', maxAge: 604_800 }),
    file('c', { updated: '2025-03-10T00:00:00Z' }),
    file('d', { updated: '2026-04-10T00:00:00Z', maxAge: 60 }),
    file('e'),
  ],
} as unknown as Manifest;
const now = new Date('2026-03-12T12:00:00Z');

describe('the age of content', () => {
  it('stands beside how old it may be, for people and for programs', () => {
    expect(contentLines(manifest, now).join('\n')).toBe(
      [
        'content and its age:',
        '  file a  clamav-db  of 2026-03-10T00:00:00Z  2 d 12 h old of 10 d',
        '  file b  clamav-db  of 2026-03-01T06:00:00Z  11 d 6 h old, too old: it may be 7 d',
        '  file c  clamav-db  of 2025-03-10T00:00:00Z  367 d 12 h old',
        '  file d  clamav-db  of 2026-04-10T00:00:00Z  yet to come',
      ].join('\n'),
    );
    expect(contentAges(manifest, now)[1]).toEqual({
      item: 'file b',
      kind: 'clamav-db',
      updated: '2026-03-01T06:00:00Z',
      maxAge: 604_800,
      age: 972_000,
      state: 'too old',
    });
    expect(contentLines({ ...manifest, items: [] }, now)).toEqual([]);
  });

  it('has an end where the maker says so', () => {
    const dated = (until: string, more = {}): string => {
      const content = { updated: '2026-03-10T00:00:00Z', until, ...more };
      return contentLines({ ...manifest, items: [file('f', content)] } as unknown as Manifest, now)[1] ?? '';
    };
    const [past, later] = ['2026-03-11T00:00:00Z', '2026-03-17T00:00:00Z'];
    expect(dated(later)).toMatch(/ 2 d 12 h old; good until 2026-03-17T00:00:00Z$/);
    expect(dated(past)).toMatch(/ 2 d 12 h old; good until 2026-03-11T00:00:00Z only$/);
    expect(dated(past, { maxAge: 864_000 })).toMatch(/ 2 d 12 h old of 10 d; good until \S+ only$/);
    expect(dated(later, { maxAge: 3600 })).toMatch(/too old: it may be 1 h; good until \S+$/);
  });

  it('stands in an inventory as a date, which is the same tomorrow', () => {
    expect(formatInventory(manifest)).toMatch(
      / a .*of 2026-03-10T00:00:00Z; signed by the makers of ClamAV$/m,
    );
  });
});
