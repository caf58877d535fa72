import { canonical, simulatedRelease, testKey } from '@gapferry/bundle/testing';
import { quietRun } from '@gapferry/core';
import { memoryBlobStore, memoryReleases } from '@gapferry/testkit';
import { expect, it } from 'vitest';
import { readDiffSide } from './read-diff-side.ts';

it.each([134_217_729, 60_000_000_000, Number.MAX_SAFE_INTEGER])(
  'spends no memory on a list of refs that says it has %d bytes, signed or not',
  async (size) => {
    const release = simulatedRelease({ git: { 'git.example/a': { main: 'a'.repeat(40) } } });
    const digest = `sha256:${'0'.repeat(64)}`;
    const [item] = release.manifest.items;
    Object.assign(item, { refs: { list: { mediaType: 'application/json', digest, size } }, blobs: [digest] });
    release.manifest.blobs = [{ digest, size }];
    const releases = memoryReleases();
    const address = { channel: 'line-a', sequence: 1 };
    const files = { ...release.seal(testKey('anybody')), manifest: canonical(release.manifest) };
    await releases.writeRelease(address, files, quietRun());
    const medium = { ...releases, ...memoryBlobStore() };
    await expect(readDiffSide({ medium, address, shown: 'stick' }, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('git git.example/a'),
    });
  },
);
