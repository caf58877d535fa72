import {
  byAttachment,
  type Digest,
  digestOf,
  hexOf,
  type ImageWish,
  MEDIA_TYPES,
  quietRun,
  type RunEvent,
} from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  contentOfImage,
  type Fault,
  jsonReply,
  makeArtifact,
  makeImage,
  makeIndex,
  memoryBlobStore,
  type RegistryOptions,
  startRegistry,
  type TestImage,
  type TestRegistry,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { imageSource } from '../image-source.ts';
import { createOciClient } from '../oci-client.ts';

const http = createHttpClient({ wait: async () => {}, random: () => 0 });
const SBOM = 'application/spdx+json';
const SIGNATURE = 'application/vnd.dev.cosign.artifact.sig.v1+json';
const [amd, arm] = await Promise.all(
  ['linux/amd64', 'linux/arm64'].map((platform) => makeImage({ platform, seed: platform })),
);
if (amd === undefined || arm === undefined) throw new Error('no images');
const index = makeIndex([amd, arm]);

function about(subject: TestImage, artifactType: string, content = 'x'): TestImage {
  const layers = [{ mediaType: 'application/octet-stream', bytes: content }];
  return makeArtifact({ configType: MEDIA_TYPES.ociEmpty, artifactType, layers, subject: subject.root });
}

/** As cosign pushes them: an image of its own under a tag that names its subject. */
const signature = makeArtifact({
  configType: MEDIA_TYPES.ociConfig,
  layers: [{ mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json', bytes: '{"critical":{}}' }],
});
const tagOf = (subject: Digest, kind: string) => `sha256-${hexOf(subject)}.${kind}`;
const wish = (registry: TestRegistry, more: Partial<ImageWish> = {}): ImageWish => ({
  kind: 'image',
  ref: `${registry.host}/team/app:1`,
  platforms: [],
  ...more,
});

async function seeded(options: RegistryOptions = {}): Promise<TestRegistry> {
  const registry = await startRegistry(options);
  registry.seedImage('team/app', '1', index);
  return registry;
}

async function pinOf(wanted: ImageWish, events: RunEvent[] = []) {
  const [pin] = await imageSource(createOciClient(http)).resolve(wanted, {
    ...quietRun(),
    emit: (event) => events.push(event),
  });
  if (pin === undefined) throw new Error('no pin');
  return pin;
}

const roots = (pin: { attachments?: ReadonlyArray<{ root: { digest: Digest } }> }) =>
  (pin.attachments ?? []).map(({ root }) => root.digest).sort();
const isReferrers: Fault['match'] = ({ path }) => path.includes('/referrers/');

describe('what belongs to an image', () => {
  it('is found for the index and each of its images: by the API, by tags, and what belongs to that', async () => {
    await using registry = await seeded({ referrersPerPage: 1 });
    const sbom = about(amd, SBOM);
    const provenance = about(amd, 'application/vnd.in-toto+json');
    const signed = about(sbom, SIGNATURE);
    for (const one of [sbom, provenance, signed]) registry.seedImage('team/app', undefined, one);
    registry.seedImage('team/app', tagOf(index.root.digest, 'sig'), signature);
    const pin = await pinOf(wish(registry));
    const expected = [
      { subject: amd.root.digest, root: sbom.root, artifactType: SBOM },
      { subject: amd.root.digest, root: provenance.root, artifactType: 'application/vnd.in-toto+json' },
      { subject: sbom.root.digest, root: signed.root, artifactType: SIGNATURE },
      {
        subject: index.root.digest,
        root: signature.root,
        artifactType: MEDIA_TYPES.ociConfig,
        tag: tagOf(index.root.digest, 'sig'),
      },
    ];
    expect(pin.attachments).toEqual(expected.sort(byAttachment));
  });

  it('comes into the store with everything below it, and the holding names all of it', async () => {
    await using registry = await seeded();
    const sbom = about(amd, SBOM, 'a long list');
    registry.seedImage('team/app', undefined, sbom);
    registry.seedImage('team/app', tagOf(arm.root.digest, 'sig'), signature);
    const source = imageSource(createOciClient(http));
    const [pin] = await source.resolve(wish(registry), quietRun());
    if (pin === undefined) throw new Error('no pin');
    const store = memoryBlobStore();
    const events: RunEvent[] = [];
    const holding = await source.fetch(pin, store, { ...quietRun(), emit: (event) => events.push(event) });
    const all = [index, sbom, signature].flatMap(contentOfImage).map(({ digest }) => digest);
    expect([...store.blobs.keys()].sort()).toEqual([...new Set(all)].sort());
    expect(holding.blobs.map(({ digest }) => digest)).toEqual([...new Set(all)].sort());
    expect(holding.attachments).toEqual(pin.attachments);
    const told = events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0);
    expect(events.find(({ kind }) => kind === 'item-started')).toMatchObject({ bytes: told });
  });

  it('is found under the fallback tag where the registry has no such API', async () => {
    await using registry = await seeded({ referrers: false });
    const sbom = about(amd, SBOM);
    const list = makeIndex([sbom]);
    registry.seedImage('team/app', `sha256-${hexOf(amd.root.digest)}`, list);
    expect(roots(await pinOf(wish(registry)))).toEqual([sbom.root.digest]);
  });

  it('is found where the list gives the size of all that it consists of, larger than any manifest too', async () => {
    await using registry = await seeded({ quirks: { wholeSizes: true } });
    const [small, large] = [about(amd, SBOM), about(arm, SBOM, 'x'.repeat(5 << 20))];
    for (const one of [small, large]) registry.seedImage('team/app', undefined, one);
    const { attachments } = await pinOf(wish(registry));
    expect(attachments?.map(({ root }) => root)).toEqual(expect.arrayContaining([small.root, large.root]));
  });

  it('is nothing where the registry says {} of a subject', async () => {
    await using registry = await startRegistry({ quirks: { bareReferrers: true } });
    const client = createOciClient(http);
    expect(await client.referrers(`${registry.host}/app`, amd.root.digest, quietRun())).toEqual([]);
  });

  it('is one thing where the API lists what cosign tagged', async () => {
    await using registry = await seeded();
    const signed = about(amd, SIGNATURE);
    registry.seedImage('team/app', tagOf(amd.root.digest, 'sig'), signed);
    const { attachments } = await pinOf(wish(registry));
    expect(attachments).toEqual([
      {
        subject: amd.root.digest,
        root: signed.root,
        artifactType: SIGNATURE,
        tag: tagOf(amd.root.digest, 'sig'),
      },
    ]);
  });

  it('is chosen by artifact type or word, and not looked for when none is wanted', async () => {
    await using registry = await seeded();
    const [sbom, signed] = [about(amd, SBOM), about(amd, SIGNATURE)];
    for (const one of [sbom, signed]) registry.seedImage('team/app', undefined, one);
    const chosen = async (types: string[]) => roots(await pinOf(wish(registry, { attachments: { types } })));
    expect(await chosen(['signature'])).toEqual([signed.root.digest]);
    expect(await chosen([SBOM])).toEqual([sbom.root.digest]);
    const before = registry.requests.length;
    expect(await chosen([])).toEqual([]);
    expect(registry.requests.slice(before).map(({ method }) => method)).toEqual(['HEAD']);
  });

  it('is looked for only where something is kept, and about the upstream index besides', async () => {
    await using registry = await seeded();
    const [kept, dropped, whole] = [about(amd, SBOM), about(arm, SBOM), about(index, SBOM)];
    for (const one of [kept, dropped, whole]) registry.seedImage('team/app', undefined, one);
    const pin = await pinOf(wish(registry, { platforms: ['linux/amd64'] }));
    expect(roots(pin)).toEqual([kept.root.digest, whole.root.digest].sort());
    const looked = registry.requests.flatMap(({ url }) => url.split('/referrers/')[1] ?? []);
    expect(looked.sort()).toEqual([index, amd, kept, whole].map(({ root }) => root.digest).sort());
    const store = memoryBlobStore();
    const holding = await imageSource(createOciClient(http)).fetch(pin, store, quietRun());
    expect(holding.upstreamIndex).toEqual(index.root);
    expect(store.blobs.has(whole.root.digest)).toBe(true);
  });

  it('is left out with a warning when it is listed and does not say so itself', async () => {
    await using registry = await seeded();
    const other = about(arm, SBOM);
    registry.seedImage('team/app', undefined, other);
    await using liar = await startRegistry({ referrers: false });
    liar.seedImage('team/app', '1', index);
    liar.seedImage('team/app', `sha256-${hexOf(amd.root.digest)}`, makeIndex([other]));
    const events: RunEvent[] = [];
    expect(roots(await pinOf(wish(liar), events))).toEqual([]);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: 'warning', message: expect.stringContaining(other.root.digest) }),
    );
  });
});

describe('a look that fails is never "none"', () => {
  it.each([
    ['503 for referrers', isReferrers, 503, 'SERVER_ERROR'],
    ['401 for referrers', isReferrers, 401, 'UNAUTHORIZED'],
    ['403 for referrers', isReferrers, 403, 'FORBIDDEN'],
    ['429 for referrers', isReferrers, 429, 'RATE_LIMITED'],
    ['400 for referrers', isReferrers, 400, 'PROTOCOL_VIOLATION'],
    ['503 for a signature tag', (r) => r.path.endsWith('.sig'), 503, 'SERVER_ERROR'],
    ['401 for an SBOM tag', (r) => r.path.endsWith('.sbom'), 401, 'UNAUTHORIZED'],
  ] as ReadonlyArray<readonly [string, Fault['match'], number, string]>)(
    '%s',
    async (_, match, status, code) => {
      await using registry = await seeded();
      registry.addFault({ match, do: { kind: 'status', status } });
      await expect(pinOf(wish(registry))).rejects.toMatchObject({
        code,
        category: 'transport',
        message: expect.stringContaining(`${registry.host}/team/app:1`),
      });
    },
  );

  it.each([
    ['503', 503, 'SERVER_ERROR'],
    ['401', 401, 'UNAUTHORIZED'],
  ])('%s for the fallback tag', async (_, status, code) => {
    await using registry = await seeded({ referrers: false });
    registry.addFault({
      match: ({ path }) => /manifests\/sha256-[0-9a-f]{64}$/.test(path),
      do: { kind: 'status', status },
    });
    await expect(pinOf(wish(registry))).rejects.toMatchObject({ code });
  });

  it.each([
    ['an answer that is no index', { 'content-type': 'text/html' }, { manifests: [] }, 'PROTOCOL_VIOLATION'],
    ['an answer of another form', {}, { schemaVersion: 2 }, 'PROTOCOL_VIOLATION'],
    [
      'an answer that was filtered unasked',
      { 'oci-filters-applied': 'artifactType' },
      { schemaVersion: 2, manifests: [] },
      'PROTOCOL_VIOLATION',
    ],
    [
      'a next page on another host',
      { link: '<http://elsewhere.example/x>; rel="next"' },
      { schemaVersion: 2, manifests: [] },
      'PROTOCOL_VIOLATION',
    ],
    [
      'pages without end',
      { link: '<?again>; rel="next"' },
      { schemaVersion: 2, manifests: [] },
      'LIMIT_EXCEEDED',
    ],
  ])('%s', async (_, headers, body, code) => {
    const { startHttpServer } = await import('@gapferry/testkit');
    await using server = await startHttpServer(() =>
      jsonReply(200, body, { 'content-type': MEDIA_TYPES.ociIndex, ...headers }),
    );
    const client = createOciClient(http);
    await expect(client.referrers(`${server.host}/app`, amd.root.digest, quietRun())).rejects.toMatchObject({
      code,
    });
  });

  it.each([
    ['501 referrers', 501, 100],
    ['referrers of more than 64 MiB', 20, 4_000_000],
  ])('%s: refused before any of them is asked for', async (_, count, size) => {
    const manifests = Array.from({ length: count }, (_entry, at) => ({
      mediaType: MEDIA_TYPES.ociManifest,
      digest: digestOf(String(at)),
      size,
    }));
    await using registry = await seeded({ referrers: false });
    const list = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests }),
    );
    const root = { mediaType: MEDIA_TYPES.ociIndex, digest: digestOf(list), size: list.byteLength };
    const tag = `sha256-${hexOf(index.root.digest)}`;
    registry.seedImage('team/app', tag, { root, manifest: list, blobs: [], children: [] });
    await expect(pinOf(wish(registry))).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(registry.requests.some(({ url }) => url.includes(digestOf('0')))).toBe(false);
  });

  it('is undone by a retry', async () => {
    await using registry = await seeded();
    const sbom = about(amd, SBOM);
    registry.seedImage('team/app', undefined, sbom);
    registry.addFault({ match: isReferrers, times: 2, do: { kind: 'status', status: 503 } });
    expect(roots(await pinOf(wish(registry)))).toEqual([sbom.root.digest]);
  });
});
