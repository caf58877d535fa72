import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { conformanceRows } from './docs/conformance-rows.ts';

const read = (path: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8');
const page = await read('docs/oci-conformance.md');
const rows = conformanceRows(page);

describe('behaviours that docs/oci-conformance.md lists', () => {
  it('are all read', () => {
    const lines = page.split('\n').filter((line) => line.startsWith('|') && line.includes('.test.ts'));
    expect(rows).toHaveLength(lines.length);
    expect(rows.length).toBeGreaterThan(35);
  });

  it.each(rows)('$behaviour: $file has the test', async ({ file, test }) => {
    const source = await read(file);
    expect([`'${test}'`, `"${test}"`].some((literal) => source.includes(literal))).toBe(true);
  });
});
