import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { generatedPages } from './docs/generated-pages.ts';

const pages = await generatedPages();

describe('docs that are made from the code', () => {
  it.each([...pages.keys()])('%s says what the code says (npm run docs writes it anew)', async (path) => {
    expect(await readFile(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8')).toBe(
      pages.get(path),
    );
  });
});
