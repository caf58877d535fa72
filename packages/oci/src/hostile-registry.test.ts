import { digestOf, type ImageWish, MEDIA_TYPES, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type Fault,
  makeImage,
  makeIndex,
  memoryBlobStore,
  startHttpServer,
  startRegistry,
  type TestImage,
  type TestRegistry,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { imageSource } from './image-source.ts';
import { createOciClient } from './oci-client.ts';

const http = createHttpClient({ wait: async () => {}, random: () => 0 });
const SIZE = 1_000_000;
const image = await makeImage({ seed: 'cut', layers: [{ size: SIZE }] });
const layer = image.blobs[1];
if (layer === undefined) throw new Error('no layer');
const isLayer: Fault['match'] = ({ path }) => path.endsWith(layer.digest);

async function pull(registry: TestRegistry, store = memoryBlobStore()) {
  const wish: ImageWish = {
    kind: 'image',
    ref: `${registry.host}/app:1`,
    platforms: [],
    attachments: { types: [] },
  };
  const source = imageSource(createOciClient(http));
  const [pin] = await source.resolve(wish, quietRun());
  if (pin === undefined) throw new Error('no pin');
  return source.fetch(pin, store, quietRun());
}

function document(value: unknown, mediaType: string = MEDIA_TYPES.ociIndex): TestImage {
  const manifest = Buffer.from(JSON.stringify(value));
  const root = { mediaType, digest: digestOf(manifest), size: manifest.byteLength };
  return { root, manifest, blobs: [], children: [] };
}

describe('a layer that is cut', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    'at %d tenths is gone on with from there, in this run',
    async (tenth) => {
      await using registry = await startRegistry();
      registry.seedImage('app', '1', image);
      const at = Math.floor((layer.size * tenth) / 10);
      registry.addFault({ match: isLayer, times: 1, do: { kind: 'cut', afterBytes: at } });
      expect((await pull(registry)).root).toEqual(image.root);
      const ranges = registry.requests.filter(({ url }) => url.endsWith(layer.digest));
      expect(ranges.map(({ headers }) => headers['range'])).toEqual([undefined, `bytes=${at}-`]);
    },
  );

  it.each([1, 5, 9])('at %d tenths is gone on with from there by the next run', async (tenth) => {
    await using registry = await startRegistry();
    registry.seedImage('app', '1', image);
    const at = Math.floor((layer.size * tenth) / 10);
    registry.addFault({ match: isLayer, times: 1, do: { kind: 'cut', afterBytes: at } });
    registry.addFault({ match: isLayer, times: 3, do: { kind: 'status', status: 503 } });
    const store = memoryBlobStore();
    await expect(pull(registry, store)).rejects.toMatchObject({ code: 'SERVER_ERROR' });
    expect((await pull(registry, store)).root).toEqual(image.root);
    expect(registry.requests.filter(({ url }) => url.endsWith(layer.digest)).at(-1)?.headers['range']).toBe(
      `bytes=${at}-`,
    );
  });
});

describe('a registry that means harm', () => {
  it('with an index of 10,000 entries is refused before any of them is asked for', async () => {
    await using registry = await startRegistry();
    const entry = (at: number) => ({
      mediaType: MEDIA_TYPES.ociManifest,
      digest: digestOf(`${at}`),
      size: 500,
    });
    const manifests = Array.from({ length: 10_000 }, (_, at) => entry(at));
    registry.seedImage(
      'app',
      '1',
      document({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }),
    );
    await expect(pull(registry)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('10000 entries'),
    });
    expect(registry.requests.length).toBeLessThan(3);
  });

  it('with a manifest over the size limit is refused without reading it', async () => {
    await using server = await startHttpServer(() => ({
      status: 200,
      headers: {
        'content-type': MEDIA_TYPES.ociManifest,
        'docker-content-digest': `sha256:${'a'.repeat(64)}`,
      },
      body: Buffer.alloc((4 << 20) + 1, 0x20),
    }));
    const client = createOciClient(http);
    const root = await client.resolve(`${server.host}/app`, '1', quietRun());
    await expect(client.manifest(`${server.host}/app`, root, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    // What does not say its size is stopped on the way.
    const unsized = { ...root, size: 100 };
    await expect(client.manifest(`${server.host}/app`, unsized, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });

  it.each([
    ['endless', 'LIMIT_EXCEEDED'],
    ['short', 'SIZE_MISMATCH'],
  ] as const)('with a manifest that is %s is refused', async (kind, code) => {
    await using registry = await startRegistry();
    registry.seedImage('app', '1', makeIndex([image]));
    registry.addFault({
      match: ({ method, path }) => method === 'GET' && path.includes('/manifests/'),
      do: { kind },
    });
    await expect(pull(registry)).rejects.toMatchObject({ code });
  });

  it('with a configuration that is no JSON is refused where the platform is asked', async () => {
    await using registry = await startRegistry();
    const bytes = Buffer.from('[[[[');
    const config = { mediaType: MEDIA_TYPES.ociConfig, digest: digestOf(bytes), size: bytes.byteLength };
    const bad = document(
      { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [] },
      MEDIA_TYPES.ociManifest,
    );
    const { memoryContent } = await import('@gapferry/testkit');
    registry.seedImage('app', '1', { ...bad, blobs: [{ ...config, content: memoryContent(bytes) }] });
    await expect(pull(registry)).rejects.toMatchObject({ category: 'integrity' });
  });
});
