import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { sweepUnfinished } from './sweep-unfinished.ts';

it('takes away what was left half-written in the state, and nothing else', async () => {
  await using home = await temporaryDirectory();
  await mkdir(home.join('receipts/.gapferry-0123456789abcdef.d'), { recursive: true });
  for (const name of [
    '.gapferry-00112233445566ff',
    'receipts/.gapferry-0123456789abcdef',
    'receipts/000001-a-1',
    'receipts/.gapferry-x',
  ])
    await writeFile(home.join(name), 'x');
  await sweepUnfinished(home.path);
  expect((await readdir(home.path, { recursive: true })).sort()).toEqual([
    'receipts',
    'receipts/.gapferry-0123456789abcdef.d',
    'receipts/.gapferry-x',
    'receipts/000001-a-1',
  ]);
});

it('takes away what a killed prune had begun to remove of kept releases', async () => {
  await using home = await temporaryDirectory();
  const kept = ['7-0123456789ab', '6-0123456789ab.going', 'mine.going'];
  for (const name of kept) {
    await mkdir(home.join('releases/line-a', name), { recursive: true });
    await writeFile(home.join('releases/line-a', name, 'x'), 'x');
  }
  await sweepUnfinished(home.path);
  expect((await readdir(home.join('releases/line-a'))).sort()).toEqual(['7-0123456789ab', 'mine.going']);
});
