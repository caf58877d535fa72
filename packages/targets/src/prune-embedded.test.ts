import type { Descriptor, PruneRequest } from '@gapferry/core';
import { digestOf, quietRun } from '@gapferry/core';
import { makeImage, memoryBlobStore, type TestImage } from '@gapferry/testkit';
import { beforeEach, expect, it } from 'vitest';
import type { NamedRoot, PrunableStore } from './embedded-store.ts';
import { prunableInDepot } from './prune-embedded.ts';

const run = quietRun();
const REPOSITORY = 'up.example/app';
let image: TestImage;
let names: NamedRoot[];
let unnamed: Descriptor[];
let releases: unknown[];

beforeEach(async () => {
  image = await makeImage({ layers: [{ size: 100, seed: 'old' }], seed: 'old' });
  names = [{ name: `${REPOSITORY}:1.0`, root: image.root }];
  unnamed = [];
  releases = [];
});

async function steps(more: Partial<PruneRequest> = {}): Promise<readonly string[]> {
  const blobs = memoryBlobStore();
  await blobs.add(image.root.mediaType, image.manifest, run);
  for (const { digest, size } of image.blobs) blobs.blobs.set(digest, new Uint8Array(size));
  const store: PrunableStore = {
    ...blobs,
    names: async () => names,
    unnamed: async () => unnamed,
    listReleases: async () => releases,
    nameItems: async () => {},
    dropNames: async () => {},
    discard: async () => {},
  };
  const manifest = { item: 'image', repository: REPOSITORY, digest: image.root.digest, root: image.root };
  const request: PruneRequest = {
    channel: 'line-a',
    manifests: [manifest],
    tags: [{ ...manifest, tag: '1.0' }],
    files: [],
    needed: new Set(),
    staying: new Map(),
    going: new Set([1]),
    refs: [],
    unnamed: new Map(),
    contents: [],
    ...more,
  };
  const found = await prunableInDepot({ store, tree: '/nowhere' }, request, run);
  return found.filter(({ stays }) => stays === undefined).map(({ what }) => what);
}

it('names go, and the blobs that only they needed', async () => {
  expect(await steps()).toEqual(['name', ...image.blobs.map(() => 'blob'), 'blob']);
});

it('blobs stay that an entry without a name stands for', async () => {
  unnamed = [image.root];
  expect(await steps()).toEqual(['name']);
});

it('blobs stay where the depot holds releases, which may need them', async () => {
  releases = [{ channel: 'line-a', sequence: 1 }];
  expect(await steps()).toEqual(['name']);
});

it('contents of files go that nothing that stays needs, and that are there', async () => {
  const [content] = image.blobs;
  if (content === undefined) throw new Error('no blob');
  const contents = [{ ...content }, { digest: digestOf('nowhere'), size: 7 }];
  const request = { manifests: [], tags: [], contents };
  // Somebody's name leads to it.
  expect(await steps(request)).toEqual([]);
  names = [];
  expect(await steps(request)).toEqual(['blob']);
  expect(await steps({ ...request, needed: new Set([content.digest]) })).toEqual([]);
});
