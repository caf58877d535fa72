import { readFile, writeFile } from 'node:fs/promises';
import type { PruneFile } from '@gapferry/bundle';
import { digestOf } from '@gapferry/core';
import { temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { writePruneFile } from './prune-plan-file.ts';

const FILE: PruneFile = {
  format: 'gapferry.prune/1',
  site: 'plant-7',
  siteFile: digestOf('site'),
  keep: 1,
  channels: [],
  targets: [],
  made: { at: '2026-03-20T00:00:00Z', by: '1.0.0' },
};

describe('a prune file', () => {
  it('takes the place of an earlier one, and of nothing else', async () => {
    await using home = await temporaryDirectory();
    const path = home.join('prune.json');
    await writePruneFile(path, FILE);
    await writePruneFile(path, { ...FILE, keep: 2 });
    expect(await readFile(path, 'utf8')).toContain('"keep":2');
    for (const text of ['{"channels":["#general"]}', '{"channels":[],"format":"gapferry.prune/1"}', '']) {
      await writeFile(path, text);
      await expect(writePruneFile(path, FILE)).rejects.toMatchObject({ code: 'USAGE' });
      expect(await readFile(path, 'utf8')).toBe(text);
    }
  });
});
