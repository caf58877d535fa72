import { digestOf, type ImageWish, MEDIA_TYPES, quietRun, type RunEvent } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  makeImage,
  makeIndex,
  makeTlsIdentity,
  memoryBlobStore,
  memoryContent,
  startHttpServer,
  startRegistry,
  type TestImage,
  type TestRegistry,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { imageSource } from './image-source.ts';
import { createOciClient } from './oci-client.ts';

const tls = await makeTlsIdentity(['127.0.0.1']);
const http = createHttpClient({ wait: async () => {}, ca: tls.ca });
const FOREIGN = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
const bytes = Buffer.from('a layer with a licence of its own');
const foreign = { mediaType: FOREIGN, digest: digestOf(bytes), size: bytes.byteLength };
const base = await makeImage();

/** The image with one layer more, which lies elsewhere. */
function withForeign(urls: readonly string[], isThere = false): TestImage {
  const document = JSON.parse(Buffer.from(base.manifest).toString());
  const layers = [...document.layers, { ...foreign, urls }];
  const manifest = Buffer.from(JSON.stringify({ ...document, layers }));
  const blob = { ...foreign, content: memoryContent(bytes) };
  return {
    ...base,
    manifest,
    root: { ...base.root, digest: digestOf(manifest), size: manifest.byteLength },
    blobs: isThere ? [...base.blobs, blob] : base.blobs,
  };
}

async function pull(registry: TestRegistry, events: RunEvent[] = []) {
  const wish: ImageWish = {
    kind: 'image',
    ref: `${registry.host}/app:1`,
    platforms: [],
    attachments: { types: [] },
  };
  const source = imageSource(createOciClient(http));
  const [pin] = await source.resolve(wish, quietRun());
  if (pin === undefined) throw new Error('no pin');
  const store = memoryBlobStore();
  const holding = await source.fetch(pin, store, { ...quietRun(), emit: (event) => events.push(event) });
  return { holding, store, warnings: events.filter(({ kind }) => kind === 'warning') };
}

describe('a layer with `urls`', () => {
  it('comes from the registry where it has it', async () => {
    await using registry = await startRegistry();
    registry.seedImage('app', '1', withForeign(['https://127.0.0.1:1/layer'], true));
    const { holding, warnings } = await pull(registry);
    expect(holding.blobs).toContainEqual({ digest: foreign.digest, size: foreign.size });
    expect(warnings).toEqual([]);
  });

  it('comes from there where the registry has not got it, with a word about it', async () => {
    await using elsewhere = await startHttpServer(() => ({ status: 200, body: bytes }), { tls });
    await using registry = await startRegistry();
    registry.seedImage('app', '1', withForeign(['http://127.0.0.1:1/plain', `${elsewhere.url}/layer`]));
    const { store, warnings } = await pull(registry);
    expect(Buffer.from(store.blobs.get(foreign.digest) ?? [])).toEqual(bytes);
    expect(warnings).toMatchObject([
      { item: `${registry.host}/app:1`, message: expect.stringContaining(elsewhere.host) },
    ]);
  });

  it('is refused when the bytes from there are others', async () => {
    await using elsewhere = await startHttpServer(
      () => ({ status: 200, body: Buffer.from('A layer with a licence of its own') }),
      { tls },
    );
    await using registry = await startRegistry();
    registry.seedImage('app', '1', withForeign([`${elsewhere.url}/layer`]));
    await expect(pull(registry)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('is missing where neither has it, and not when one could not be asked', async () => {
    await using elsewhere = await startHttpServer(() => ({ status: 404 }), { tls });
    await using registry = await startRegistry();
    registry.seedImage('app', '1', withForeign([`${elsewhere.url}/layer`, 'ftp://elsewhere.example/x']));
    await expect(pull(registry)).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      message: expect.stringMatching(new RegExp(`app:1.*neither ${registry.host}/app nor ${elsewhere.host}`)),
    });
    registry.seedImage('app', '1', withForeign(['https://127.0.0.1:1/layer']));
    await expect(pull(registry)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('an index entry of an unknown media type', () => {
  const odd = Buffer.from('{"nobody":"knows"}');
  const entry = {
    mediaType: 'application/vnd.example.thing+json',
    digest: digestOf(odd),
    size: odd.byteLength,
  };
  const plain = makeIndex([base]);
  const document = JSON.parse(Buffer.from(plain.manifest).toString());
  const manifest = Buffer.from(JSON.stringify({ ...document, manifests: [...document.manifests, entry] }));
  const index: TestImage = {
    ...plain,
    manifest,
    root: { ...plain.root, digest: digestOf(manifest), size: manifest.byteLength },
  };

  it.each(['a manifest', 'a blob'])('is kept as bytes when the registry has it as %s', async (kind) => {
    await using registry = await startRegistry();
    if (kind === 'a blob') {
      const holder = { ...base, blobs: [...base.blobs, { ...entry, content: memoryContent(odd) }] };
      registry.seedImage('app', '1', { ...index, children: [holder] });
    } else {
      registry.seedImage('app', undefined, { ...base, blobs: [], root: entry, manifest: odd });
      registry.seedImage('app', '1', index);
    }
    const { holding, store } = await pull(registry);
    expect(holding.root).toEqual(index.root);
    expect(Buffer.from(store.blobs.get(entry.digest) ?? [])).toEqual(odd);
    expect(holding.blobs).toContainEqual({ digest: entry.digest, size: entry.size });
  });

  it('is missing when it is neither', async () => {
    await using registry = await startRegistry();
    registry.seedImage('app', '1', index);
    await expect(pull(registry)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });
});

describe('layers of every kind', () => {
  it('are kept as they came', async () => {
    await using registry = await startRegistry();
    const kinds = ['application/vnd.oci.image.layer.v1.tar+zstd', 'application/x-nothing-known'];
    const layers = kinds.map((mediaType, at) => ({
      mediaType,
      digest: digestOf(`bytes ${at}`),
      size: 7,
      content: memoryContent(`bytes ${at}`),
    }));
    const [config] = base.blobs;
    if (config === undefined) throw new Error('no config');
    const named = layers.map(({ content: _, ...descriptor }) => descriptor);
    const { content: _, ...configDescriptor } = config;
    const bytesOf = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociManifest,
        config: configDescriptor,
        layers: named,
      }),
    );
    const root = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(bytesOf), size: bytesOf.byteLength };
    registry.seedImage('app', '1', { root, manifest: bytesOf, blobs: [config, ...layers], children: [] });
    const { holding, store } = await pull(registry);
    expect(holding.root).toEqual(root);
    expect(layers.map(({ digest }) => Buffer.from(store.blobs.get(digest) ?? []).toString())).toEqual([
      'bytes 0',
      'bytes 1',
    ]);
  });
});
