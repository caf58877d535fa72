import { rename, writeFile } from 'node:fs/promises';
import { type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { tellPacks } from './tell-packs.ts';

let directory: TemporaryDirectory;
beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

it('tells a pack when its index is there', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const told = tellPacks(directory.path, resolve);
  await writeFile(directory.join('pack-1.pack'), '');
  await writeFile(directory.join('tmp_idx'), '');
  await rename(directory.join('tmp_idx'), directory.join('pack-1.idx'));
  expect(await promise).toBe(directory.join('pack-1.pack'));
  told.close();
});

it('tells nothing where nothing can be watched, and fails nobody', () => {
  const told = tellPacks(directory.join('nowhere'), () => {});
  expect(() => told.close()).not.toThrow();
});
