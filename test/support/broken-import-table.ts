import { readFile } from 'node:fs/promises';
import type { Shown, ZoneView } from './look-at-zone.ts';

const GUIDE = new URL('../../docs/guides/what-a-broken-import-leaves.md', import.meta.url);

/** What a row of the guide allows each kind of consumer to find. */
export type Allowed = { readonly [Who in keyof ZoneView]: ReadonlySet<string> };

const WORDS: Readonly<Record<string, readonly (Shown | ZoneView['digests'])[]>> = {
  old: ['old'],
  new: ['new'],
  either: ['old', 'new'],
  each: ['old', 'some', 'new'],
  none: ['not all'],
  some: ['not all', 'all'],
  all: ['all'],
};
const COLUMNS = ['digests', 'attachments', 'images', 'charts', 'git', 'index', 'latest'] as const;

/** The guide's first table, by what was written down last: `import.named images`, `mark`. The test that kills imports holds them against it, so it cannot say what is not so. */
export async function readBrokenImportTable(): Promise<ReadonlyMap<string, Allowed>> {
  const all = (await readFile(GUIDE, 'utf8')).split('\n');
  const from = all.findIndex((line) => line.startsWith('| '));
  const lines = all.slice(from, all.indexOf('', from));
  const rows = lines.slice(2).map((line) => {
    const [last = '', ...cells] = line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim());
    const allowed = COLUMNS.map((who, i) => [who, new Set(wordsOf(cells[i] ?? '', last))]);
    return [last.replaceAll('`', ''), Object.fromEntries(allowed) as Allowed] as const;
  });
  return new Map(rows);
}

function wordsOf(cell: string, row: string): readonly string[] {
  const words = WORDS[cell];
  if (words === undefined) throw new Error(`the guide says ${cell} in the row of ${row}`);
  return words;
}
