import { temporaryDirectory } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { nodeFileSystem } from './file-system.ts';
import { openDepot } from './open-depot.ts';

it.each([
  ['FAT', 0x4d44, 4_294_967_295],
  ['exFAT', 0x2011bab0, undefined],
  ['ext4', 0xef53, undefined],
])('knows the largest file of %s', async (_name, type, largestFile) => {
  await using home = await temporaryDirectory();
  const files = { ...nodeFileSystem, statfs: async () => ({ type, bsize: 32_768, bavail: 10 }) };
  const depot = await openDepot(home.join('depot'), { create: true, files });
  const space = await depot.space();
  expect(space).toEqual({
    free: 327_680,
    blockSize: 32_768,
    ...(largestFile !== undefined && { largestFile }),
  });
});
