import { type BlobStore, digestOf, type ImageWish, quietRun, type RunEvent } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  contentOfImage,
  type Fault,
  makeImage,
  makeIndex,
  memoryBlobStore,
  startRegistry,
  type TestRegistry,
  type TestRequest,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { imageSource } from './image-source.ts';
import { createOciClient } from './oci-client.ts';

const amd = await makeImage({ seed: 'amd', layers: [{ size: 300_000 }, { size: 5000 }] });
const arm = await makeImage({
  seed: 'arm',
  platform: 'linux/arm64',
  layers: [{ size: 5000, seed: 'shared' }],
});
const both = makeIndex([amd, arm]);
const http = createHttpClient({ wait: async () => {}, random: () => 0 });

/** Without what belongs to it: those requests are counted elsewhere. */
const wishOf = (registry: TestRegistry, name: string, platforms: string[] = []): ImageWish => ({
  kind: 'image',
  ref: `${registry.host}/${name}`,
  platforms,
  attachments: { types: [] },
});
const source = () => imageSource(createOciClient(http));
const isBlob = ({ path }: TestRequest) => path.includes('/blobs/');
const isManifest = ({ path }: TestRequest) => path.includes('/manifests/');
const once = (match: Fault['match'], action: Fault['do'], times = 1): Fault => ({ match, times, do: action });

async function pull(wish: ImageWish, into: BlobStore = memoryBlobStore(), events: RunEvent[] = []) {
  const from = source();
  const [pin] = await from.resolve(wish, quietRun());
  if (pin === undefined) throw new Error('no pin');
  return from.fetch(pin, into, { ...quietRun(), emit: (event) => events.push(event) });
}

describe('pulling an image', () => {
  it('keeps every byte of an index, its images and their layers', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', both);
    const store = memoryBlobStore();
    const holding = await pull(wishOf(registry, 'team/app:1.0'), store);
    expect(holding.root).toEqual(both.root);
    expect(holding.platforms).toEqual(['linux/amd64', 'linux/arm64']);
    expect([...store.blobs.keys()].sort()).toEqual(
      contentOfImage(both)
        .map(({ digest }) => digest)
        .sort(),
    );
    expect(holding.blobs.map(({ digest }) => digest)).toEqual([...store.blobs.keys()].sort());
    expect(holding.upstreamIndex).toBeUndefined();
  });

  it('resolves by HEAD alone, under the full name', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', amd);
    const [pin] = await source().resolve(wishOf(registry, 'team/app:1.0', ['linux/amd64']), quietRun());
    expect(pin).toMatchObject({
      kind: 'image',
      id: `${registry.host}/team/app:1.0`,
      root: amd.root,
      platforms: ['linux/amd64'],
    });
    expect(registry.requests.map(({ method }) => method)).toEqual(['HEAD']);
  });

  it('pulls by digest, and by tag and digest when they agree', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', amd);
    for (const ref of [`team/app@${amd.root.digest}`, `team/app:1.0@${amd.root.digest}`])
      expect((await pull(wishOf(registry, ref))).root).toEqual(amd.root);
    const other = `team/app:1.0@${arm.root.digest}`;
    registry.seedImage('team/app', undefined, arm);
    await expect(pull(wishOf(registry, other))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(amd.root.digest),
    });
  });

  it('asks for a layer that two images share only once, also at the same time', async () => {
    await using registry = await startRegistry();
    const layers = [{ size: 200_000, seed: 'base' }];
    const images = [
      await makeImage({ layers, config: { Env: ['A=1'] } }),
      await makeImage({ layers, config: { Env: ['A=2'] } }),
    ];
    for (const [at, image] of images.entries()) registry.seedImage(`team/app-${at}`, '1', image);
    const shared = images[0]?.blobs[1]?.digest ?? '';
    const [from, store] = [source(), memoryBlobStore()];
    const pins = await Promise.all(
      [0, 1].map((at) => from.resolve(wishOf(registry, `team/app-${at}:1`), quietRun())),
    );
    await Promise.all(pins.flat().map((pin) => from.fetch(pin, store, quietRun())));
    expect(registry.requests.filter(({ url }) => url.endsWith(shared))).toHaveLength(1);
  });

  it('asks nothing but the pinned identity when the store has it all', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', both);
    const store = memoryBlobStore();
    await pull(wishOf(registry, 'team/app:1.0'), store);
    const before = registry.requests.length;
    const events: RunEvent[] = [];
    await pull(wishOf(registry, 'team/app:1.0'), store, events);
    expect(registry.requests.slice(before).map(({ method }) => method)).toEqual(['HEAD']);
    expect(events.at(-1)).toMatchObject({ kind: 'item-done', outcome: 'reused' });
  });

  it.each([undefined, ['linux/amd64']])(
    'tells as many bytes as it announced, platforms %j',
    async (platforms) => {
      await using registry = await startRegistry();
      registry.seedImage('team/app', '1.0', amd);
      const events: RunEvent[] = [];
      registry.addFault(
        once(({ path }) => path.endsWith(amd.blobs[1]?.digest ?? ''), { kind: 'cut', afterBytes: 123_456 }),
      );
      await pull(wishOf(registry, 'team/app:1.0', platforms), memoryBlobStore(), events);
      const told = events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0);
      expect(events.find(({ kind }) => kind === 'item-started')).toMatchObject({ bytes: told });
      expect(new Set(events.map((event) => ('item' in event ? event.item : '')))).toEqual(
        new Set([`${registry.host}/team/app:1.0`]),
      );
    },
  );

  it('reads a Docker manifest list as well', async () => {
    await using registry = await startRegistry();
    const list = makeIndex([await makeImage({ format: 'docker' })], { format: 'docker' });
    registry.seedImage('team/app', '1.0', list);
    expect((await pull(wishOf(registry, 'team/app:1.0'))).root).toEqual(list.root);
  });
});

describe('pulling an image with bad luck', () => {
  it('goes on by Range in a layer that was cut', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', amd);
    const layer = amd.blobs[1]?.digest ?? '';
    registry.addFault(once(({ path }) => path.endsWith(layer), { kind: 'cut', afterBytes: 100_001 }));
    await pull(wishOf(registry, 'team/app:1.0'));
    expect(
      registry.requests.filter(({ url }) => url.endsWith(layer)).map(({ headers }) => headers['range']),
    ).toEqual([undefined, 'bytes=100001-']);
  });

  it('continues in the next run where the last one was cut for good', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', amd);
    const layer = amd.blobs[1]?.digest ?? '';
    const isLayer: Fault['match'] = ({ path }) => path.endsWith(layer);
    registry.addFault(once(isLayer, { kind: 'cut', afterBytes: 50_000 }));
    registry.addFault(once(isLayer, { kind: 'status', status: 503 }, 3));
    const store = memoryBlobStore();
    await expect(pull(wishOf(registry, 'team/app:1.0'), store)).rejects.toMatchObject({
      code: 'SERVER_ERROR',
      message: expect.stringContaining('team/app:1.0'),
    });
    await pull(wishOf(registry, 'team/app:1.0'), store);
    expect(registry.requests.filter(({ url }) => url.endsWith(layer)).at(-1)?.headers['range']).toBe(
      'bytes=50000-',
    );
  });

  it('waits as 429 asks for, and survives 5xx twice', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', amd);
    registry.addFault(once(isManifest, { kind: 'status', status: 429, headers: { 'retry-after': '1' } }));
    registry.addFault(once(isBlob, { kind: 'status', status: 500 }, 2));
    expect((await pull(wishOf(registry, 'team/app:1.0'))).root).toEqual(amd.root);
  });

  it.each([
    ['an unknown tag', 'team/app:9', 'SOURCE_NOT_FOUND'],
    ['an unknown repository', 'team/none:1', 'SOURCE_NOT_FOUND'],
  ])('says that there is no such thing as %s', async (_, ref, code) => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', amd);
    await expect(pull(wishOf(registry, ref))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(`${registry.host}/${ref}`),
    });
  });

  it('says UNAUTHORIZED with the next step', async () => {
    await using registry = await startRegistry({ auth: { kind: 'bearer', username: 'u', password: 'p' } });
    registry.seedImage('team/app', '1.0', amd);
    await expect(pull(wishOf(registry, 'team/app:1.0'))).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      hint: expect.stringContaining(registry.host),
    });
  });

  it('says UNREACHABLE when nobody listens', async () => {
    const registry = await startRegistry();
    await registry.close();
    await expect(pull(wishOf(registry, 'team/app:1.0'))).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('stops its other layers when one fails', async () => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', amd);
    registry.addFault(
      once(({ path }) => path.endsWith(amd.blobs[2]?.digest ?? ''), { kind: 'status', status: 404 }),
    );
    registry.addFault({
      match: ({ path }) => path.endsWith(amd.blobs[1]?.digest ?? ''),
      do: { kind: 'stall', afterBytes: 10 },
    });
    await expect(pull(wishOf(registry, 'team/app:1.0'))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});

describe('pulling from a registry that lies', () => {
  it.each([
    ['flips a byte in a layer', isBlob, { kind: 'corrupt', atByte: 3 }, 'DIGEST_MISMATCH'],
    [
      'flips a byte in a manifest',
      (r: TestRequest) => isManifest(r) && r.method === 'GET',
      { kind: 'corrupt', atByte: 3 },
      'DIGEST_MISMATCH',
    ],
    ['sends a layer short', isBlob, { kind: 'short' }, 'SIZE_MISMATCH'],
    ['sends a layer without end', isBlob, { kind: 'endless' }, 'SIZE_MISMATCH'],
    ['announces a digest that is not there', isManifest, { kind: 'wrongDigestHeader' }, 'SOURCE_NOT_FOUND'],
  ] as const)('notices that it %s', async (_, match, action, code) => {
    await using registry = await startRegistry();
    registry.seedImage('team/app', '1.0', amd);
    registry.addFault({ match, do: action });
    const store = memoryBlobStore();
    await expect(pull(wishOf(registry, 'team/app:1.0'), store)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('team/app'),
    });
    expect(store.blobs.has(amd.root.digest)).toBe(false);
  });

  it('refuses an index that claims to contain itself', async () => {
    await using registry = await startRegistry();
    const honest = makeIndex([amd]);
    const manifest = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(honest.manifest).toString()), manifests: [honest.root] }),
    );
    registry.seedImage('team/app', '1.0', { ...honest, manifest });
    await expect(pull(wishOf(registry, 'team/app:1.0'))).rejects.toMatchObject({ category: 'integrity' });
    expect(registry.requests.length).toBeLessThan(5);
  });

  it('refuses schema 1 with a clear word', async () => {
    await using registry = await startRegistry();
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 1, name: 'team/app', tag: '1.0', fsLayers: [], history: [] }),
    );
    const mediaType = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
    registry.seedImage('team/app', '1.0', {
      ...amd,
      manifest,
      root: { mediaType, digest: digestOf(manifest), size: manifest.byteLength },
    });
    await expect(pull(wishOf(registry, 'team/app:1.0'))).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('schema 1'),
    });
  });
});
