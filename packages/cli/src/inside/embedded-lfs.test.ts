import { readFile, writeFile } from 'node:fs/promises';
import { type Digest, digestOf, type GitContent, hexOf, quietRun, type SizedDigest } from '@gapferry/core';
import { openDepot } from '@gapferry/depot';
import { createGit, gitSource } from '@gapferry/git';
import { type EmbeddedTarget, embeddedTarget } from '@gapferry/targets';
import {
  createRepository,
  flipByte,
  gitEnvironment,
  type MemoryBlobStore,
  memoryBlobStore,
  mustRun,
  seededBuffer,
  type TemporaryDirectory,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitRepositories } from './git-repositories.ts';

const run = quietRun();
const MODEL = seededBuffer(300_000, 'model');
const blobOf = (bytes: Uint8Array): SizedDigest => ({ digest: digestOf(bytes), size: bytes.byteLength });
let home: TemporaryDirectory;
let medium: MemoryBlobStore;
let target: EmbeddedTarget;
let load: GitContent;

beforeEach(async () => {
  home = await temporaryDirectory();
  const git = createGit({ environment: gitEnvironment() });
  const upstream = await createRepository(home.join('upstream'), [{ message: 'one', files: { a: 'a' } }]);
  medium = memoryBlobStore();
  await medium.add('application/octet-stream', MODEL, run);
  const source = gitSource({ git, workDirectory: home.join('work') });
  const [pin] = await source.resolve({ kind: 'git', url: `file://${upstream.path}`, refs: [] }, run);
  if (pin === undefined) throw new Error('no pin');
  const { packs } = await source.fetch(pin, medium, run);
  load = {
    phase: 'content',
    kind: 'git',
    item: 'git ops/models',
    repository: 'ops/models',
    objectFormat: 'sha1',
    refs: pin.refs,
    packs,
    lfs: [blobOf(MODEL)],
  };
  const tree = home.join('depot');
  const store = await openDepot(tree, { create: true, origin: 'target' });
  target = embeddedTarget({
    name: 'plant',
    store,
    repositories: gitRepositories(git, home.join('quarantine')),
    tree,
  });
});
afterEach(() => home.remove());

const placeOf = (digest: Digest): string => home.join('depot/blobs/sha256', hexOf(digest));

describe('Git LFS in the embedded target', () => {
  it('is missed, brought and proved with its repository', async () => {
    expect(await target.inspect(load, run)).toMatchObject({ state: 'absent', lfs: 1 });
    expect(await target.load(load, medium, run)).toMatchObject({ state: 'loaded' });
    expect(await target.inspect(load, run)).toEqual({ state: 'same' });
    await target.readBack(load, run);
    expect(await target.load(load, medium, run)).toEqual({ state: 'same', bytes: 0 });
  });

  it('is brought alone when the repository is there', async () => {
    const { lfs: _, ...without } = load;
    await target.load(without, medium, run);
    expect(await target.inspect(load, run)).toEqual({
      state: 'absent',
      missingBytes: MODEL.byteLength,
      lfs: 1,
    });
    expect(await target.load(load, medium, run)).toEqual({ state: 'loaded', bytes: MODEL.byteLength });
  });

  it('is listed by its repository, beside what an earlier release left', async () => {
    const listing = home.join('depot/git/ops/models.git/lfs/gapferry-objects');
    const other = Buffer.from('another model');
    await medium.add('application/octet-stream', other, run);
    await target.load({ ...load, lfs: [blobOf(other)] }, medium, run);
    await target.load(load, medium, run);
    const lines = [other, MODEL].map((bytes) => `${hexOf(digestOf(bytes))} ${bytes.byteLength}\n`).sort();
    expect(await readFile(listing, 'utf8')).toBe(lines.join(''));
    await writeFile(listing, lines[0] ?? '');
    const lost = lines[0]?.startsWith(hexOf(digestOf(MODEL))) ? { ...load, lfs: [blobOf(other)] } : load;
    expect(await target.inspect(lost, run)).toMatchObject({ state: 'absent', missingBytes: 0 });
    await expect(target.readBack(lost, run)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    expect(await target.load(lost, medium, run)).toEqual({ state: 'loaded', bytes: 0 });
    await target.readBack(lost, run);
  });

  it('that is damaged on the medium is not taken, and nothing of the repository is', async () => {
    const damaged = Buffer.from(MODEL);
    damaged[7] = (damaged[7] ?? 0) ^ 1;
    medium.blobs.set(digestOf(MODEL), damaged);
    await expect(target.load(load, medium, run)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(await target.inspect(load, run)).toMatchObject({ state: 'absent', lfs: 1 });
  });

  it('that was damaged at the target does not pass the barrier', async () => {
    await target.load(load, medium, run);
    await mustRun('chmod', ['u+w', placeOf(digestOf(MODEL))]);
    await flipByte(placeOf(digestOf(MODEL)), 10);
    await expect(target.readBack(load, run)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('git ops/models'),
    });
    await mustRun('rm', ['-f', placeOf(digestOf(MODEL))]);
    await expect(target.readBack(load, run)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });
});
