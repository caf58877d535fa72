import { canonicalBytes, digestOf, type ImageWish, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { makeImage, makeIndex, memoryBlobStore, startRegistry, type TestImage } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { imageSource } from './image-source.ts';
import { createOciClient } from './oci-client.ts';

const http = createHttpClient({ wait: async () => {} });
const image = (platform: string) => makeImage({ platform, seed: platform });
const [amd, arm64, armv6, armv7] = await Promise.all(
  ['linux/amd64', 'linux/arm64/v8', 'linux/arm/v6', 'linux/arm/v7'].map(image),
);
const all = [amd, arm64, armv6, armv7] as TestImage[];
const index = makeIndex(all);

/** An index with these documents as its entries, changed by hand where the generator makes only plain ones. */
function rewritten(
  base: TestImage,
  change: (index: { manifests: Record<string, unknown>[] }) => unknown,
): TestImage {
  const manifest = Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(base.manifest).toString()))));
  return { ...base, manifest, root: { ...base.root, digest: digestOf(manifest), size: manifest.byteLength } };
}

/** As BuildKit attaches provenance: a manifest for `unknown/unknown` that names its image. */
function withAttestation(base: TestImage, attestation: TestImage, subject: TestImage): TestImage {
  const entry = {
    ...attestation.root,
    platform: { os: 'unknown', architecture: 'unknown' },
    annotations: {
      'vnd.docker.reference.digest': subject.root.digest,
      'vnd.docker.reference.type': 'attestation-manifest',
    },
  };
  const more = rewritten(base, (document) => ({ ...document, manifests: [...document.manifests, entry] }));
  return { ...more, children: [...base.children, attestation] };
}

async function pull(
  tagged: TestImage,
  platforms: string[],
  by: 'tag' | 'digest' = 'tag',
  more: Partial<ImageWish> = {},
) {
  await using registry = await startRegistry();
  registry.seedImage('app', '1', tagged);
  const wish: ImageWish = {
    kind: 'image',
    ref: `${registry.host}/app${by === 'tag' ? ':1' : `@${tagged.root.digest}`}`,
    platforms,
    ...more,
  };
  const source = imageSource(createOciClient(http));
  const [pin] = await source.resolve(wish, quietRun());
  const store = memoryBlobStore();
  if (pin === undefined) throw new Error('no pin');
  const holding = await source.fetch(pin, store, quietRun());
  const read = (digest: string): unknown =>
    JSON.parse(Buffer.from(store.blobs.get(digest as never) ?? []).toString());
  return {
    holding,
    store,
    requests: registry.requests,
    document: read(holding.root.digest) as { manifests: Array<{ digest: string }> },
  };
}

describe('a choice of platforms', () => {
  it('makes an index of the wanted ones and keeps the upstream one as a record', async () => {
    const { holding, store, document, requests } = await pull(index, ['linux/amd64', 'linux/arm64']);
    const upstream = JSON.parse(Buffer.from(index.manifest).toString());
    const expected = canonicalBytes({ ...upstream, manifests: upstream.manifests.slice(0, 2) });
    expect(Buffer.compare(store.blobs.get(holding.root.digest) ?? Buffer.alloc(0), expected)).toBe(0);
    expect(holding.root.mediaType).toBe(index.root.mediaType);
    expect(holding.platforms).toEqual(['linux/amd64', 'linux/arm64/v8']);
    expect(holding.upstreamIndex).toEqual(index.root);
    expect(store.blobs.has(index.root.digest)).toBe(true);
    expect(holding.blobs.some(({ digest }) => digest === index.root.digest)).toBe(false);
    expect(document.manifests.map(({ digest }) => digest)).toEqual([amd?.root.digest, arm64?.root.digest]);
    expect(requests.some(({ url }) => url.includes(armv7?.root.digest ?? '-'))).toBe(false);
  });

  it('leaves the upstream index as it is when it keeps every entry', async () => {
    const { holding } = await pull(index, ['linux/amd64', 'linux/arm', 'linux/arm64']);
    expect([holding.root, holding.upstreamIndex]).toEqual([index.root, undefined]);
  });

  it('without variant takes every variant, with one only that', async () => {
    expect((await pull(index, ['linux/arm'])).holding.platforms).toEqual(['linux/arm/v6', 'linux/arm/v7']);
    expect((await pull(index, ['linux/arm/v7'])).holding.platforms).toEqual(['linux/arm/v7']);
  });

  it('keeps everything of an image that is pinned by digest, unless the wish itself names platforms', async () => {
    expect((await pull(index, [], 'digest')).holding.root).toEqual(index.root);
    const { holding } = await pull(index, ['linux/amd64'], 'digest');
    expect([holding.platforms, holding.upstreamIndex]).toEqual([['linux/amd64'], index.root]);
  });

  it('names the platforms there are when one does not exist', async () => {
    await expect(pull(index, ['linux/amd64', 'linux/s390x'])).rejects.toMatchObject({
      code: 'PLATFORM_NOT_FOUND',
      message: expect.stringMatching(
        /does not exist for linux\/s390x; it exists for linux\/amd64, linux\/arm\/v6, linux\/arm\/v7, linux\/arm64\/v8/,
      ),
    });
  });

  it('asks the configuration of a single image', async () => {
    const single = await image('linux/arm64');
    expect((await pull(single, ['linux/arm64'])).holding).toMatchObject({
      root: single.root,
      platforms: ['linux/arm64'],
    });
    await expect(pull(single, ['linux/amd64'])).rejects.toMatchObject({
      code: 'PLATFORM_NOT_FOUND',
      message: expect.stringContaining('it exists for linux/arm64'),
    });
  });

  it('asks the configuration of an index entry that states no platform', async () => {
    const bare = rewritten(makeIndex(all.slice(0, 2)), (document) => ({
      ...document,
      manifests: document.manifests.map(({ platform: _, ...entry }) => entry),
    }));
    const { holding, document } = await pull(bare, ['linux/arm64']);
    expect(document.manifests.map(({ digest }) => digest)).toEqual([arm64?.root.digest]);
    expect(holding.platforms).toEqual(['linux/arm64/v8']);
  });

  it('keeps an attestation with its image and drops it without', async () => {
    const attestation = await makeImage({ seed: 'provenance' });
    const attested = withAttestation(makeIndex(all.slice(0, 2)), attestation, all[0] as TestImage);
    const digests = async (platform: string) =>
      (await pull(attested, [platform])).document.manifests.map(({ digest }) => digest);
    expect(await digests('linux/amd64')).toEqual([amd?.root.digest, attestation.root.digest]);
    expect(await digests('linux/arm64')).toEqual([arm64?.root.digest]);
    expect((await pull(attested, [])).holding.root).toEqual(attested.root);
  });

  it('drops attestations where they are not wanted, and does not read them', async () => {
    const attestation = await makeImage({ seed: 'provenance' });
    const attested = withAttestation(makeIndex(all.slice(0, 2)), attestation, all[0] as TestImage);
    const drop = { attestations: 'drop', attachments: { types: [] } } as const;
    const { holding, document, requests } = await pull(attested, [], 'tag', drop);
    expect(document.manifests.map(({ digest }) => digest)).toEqual([amd?.root.digest, arm64?.root.digest]);
    expect(holding.upstreamIndex).toEqual(attested.root);
    expect(holding.pin.attestations).toBe('drop');
    expect(requests.some(({ url }) => url.includes(attestation.root.digest))).toBe(false);
    const plain = await pull(makeIndex(all.slice(0, 2)), [], 'tag', drop);
    expect(plain.holding.upstreamIndex).toBeUndefined();
  });

  it('filters an index inside an index', async () => {
    const nested = makeIndex([makeIndex(all.slice(0, 2)), makeIndex(all.slice(2))]);
    const { holding, store } = await pull(nested, ['linux/arm64']);
    const inner = canonicalBytes({
      ...JSON.parse(Buffer.from(makeIndex(all.slice(0, 2)).manifest).toString()),
      manifests: [{ ...arm64?.root, platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }],
    });
    const outer = {
      ...JSON.parse(Buffer.from(nested.manifest).toString()),
      manifests: [{ mediaType: index.root.mediaType, digest: digestOf(inner), size: inner.byteLength }],
    };
    expect(holding.root.digest).toBe(digestOf(canonicalBytes(outer)));
    expect(holding.platforms).toEqual(['linux/arm64/v8']);
    expect(store.blobs.has(digestOf(inner))).toBe(true);
    const record = makeIndex(all.slice(0, 2)).root;
    expect(holding.upstreamIndex).toEqual(nested.root);
    expect(holding.blobs).toContainEqual({ digest: record.digest, size: record.size });
    expect(store.blobs.has(record.digest)).toBe(true);
  });

  it('gives the same bytes on every machine', async () => {
    const [one, other] = await Promise.all([pull(index, ['linux/arm64']), pull(index, ['linux/arm64'])]);
    expect(one.holding.root).toEqual(other.holding.root);
  });
});
