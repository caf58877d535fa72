import {
  add,
  attach,
  filterIndex,
  itemOf,
  type Loose,
  list,
  type SimulatedRelease,
  simulatedRelease,
} from '@gapferry/bundle/testing';
import type { Digest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { Inside } from './testing/inside.ts';

const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';

/** What a collector who is trusted, and wrong or bought, may sign: the item's root is replaced by `document`, everything else is honest. */
function withRoot(kind: 'image' | 'chart', document: Loose, mediaType = OCI_MANIFEST): SimulatedRelease {
  const release = simulatedRelease(
    kind === 'image'
      ? { images: { 'docker.io/library/nginx:1.27': 'nginx' } }
      : { charts: { 'ghcr.io/org/app:1.0.0': 'app' } },
  );
  const [item] = release.manifest.items;
  const old = item.root.digest;
  const before = JSON.parse(Buffer.from(release.blobs.get(old) ?? '').toString());
  const root = add(release.blobs, JSON.stringify(document(before)));
  item.root = { mediaType, ...root };
  if (kind === 'image') item.upstream = root.digest;
  item.blobs = item.blobs.map((digest: string) => (digest === old ? root.digest : digest)).sort();
  release.manifest.blobs = item.blobs.map((digest: Loose) => ({
    digest,
    size: release.blobs.get(digest)?.byteLength,
  }));
  return release;
}

async function refusal(release: SimulatedRelease): Promise<unknown> {
  const inside = new Inside();
  await inside.carry(release);
  return await inside.verify().then(
    () => 'accepted',
    ({ code, message }) => ({ code, message }),
  );
}

const OTHER = {
  mediaType: 'application/vnd.oci.image.layer.v1.tar',
  digest: `sha256:${'0'.repeat(64)}`,
  size: 4,
};

describe('what images and charts say of themselves is held against the release', () => {
  it('refuses an image that needs what the release does not list', async () => {
    const release = withRoot('image', (old: Loose) => ({ ...old, layers: [...old.layers, OTHER] }));
    expect(await refusal(release)).toEqual({
      code: 'MANIFEST_INVALID',
      message: `image docker.io/library/nginx:1.27 is not what the release says: it needs ${OTHER.digest}, which the release does not list for it`,
    });
  });

  it('refuses a layer of another size than the release says', async () => {
    const release = withRoot('image', (old: Loose) => ({
      ...old,
      layers: old.layers.map((layer: Loose) => ({ ...layer, size: layer.size + 1 })),
    }));
    expect(await refusal(release)).toMatchObject({ code: 'MANIFEST_INVALID' });
  });

  it('refuses an image that comes as a chart', async () => {
    const release = withRoot('chart', (old: Loose) => ({
      ...old,
      config: { ...old.config, mediaType: 'application/vnd.oci.image.config.v1+json' },
    }));
    expect(await refusal(release)).toEqual({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('not that of a Helm chart'),
    });
  });

  it('refuses a chart whose archive is another one than the release names', async () => {
    const release = withRoot('chart', (old: Loose) => ({ ...old, layers: [{ ...old.config }] }));
    expect(await refusal(release)).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('is none of its layers'),
    });
  });

  it('refuses what is an index to one reader and an image to another', async () => {
    const lying = withRoot(
      'image',
      (old: Loose) => ({ ...old, mediaType: OCI_MANIFEST, manifests: [] }),
      OCI_INDEX,
    );
    expect(await refusal(lying)).toMatchObject({ code: 'CONTENT_INVALID' });
    const silent = withRoot('image', ({ mediaType: _, ...old }: Loose) => ({ ...old, manifests: [] }));
    expect(await refusal(silent)).toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('leaves layers alone that a registry need not have', async () => {
    const foreign = { ...OTHER, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar' };
    const release = withRoot('image', (old: Loose) => ({ ...old, layers: [...old.layers, foreign] }));
    expect(await refusal(release)).toBe('accepted');
  });
});

const NGINX = 'docker.io/library/nginx:1.27';
const OTHER_IMAGE = 'docker.io/library/redis:7';

function nginx(): SimulatedRelease {
  return simulatedRelease({ images: { [NGINX]: 'nginx', [OTHER_IMAGE]: 'redis' } });
}

describe('what is attached is held against what its own manifest says', () => {
  it('takes signatures, SBOMs, and what is about them', async () => {
    const release = nginx();
    const signature = attach(release, NGINX, { tag: 'sig' });
    attach(release, NGINX, { text: 'sbom' });
    attach(release, NGINX, { subject: signature.root.digest, text: 'about the signature' });
    expect(await refusal(release)).toBe('accepted');
  });

  it('refuses one that needs what the release does not list', async () => {
    const release = nginx();
    attach(release, NGINX, { bend: (manifest) => ({ ...manifest, layers: [OTHER] }) });
    expect(await refusal(release)).toEqual({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining(`it needs ${OTHER.digest}, which the release does not list for it`),
    });
  });

  it.each<[string, (manifest: Loose) => Loose]>([
    ['names no subject', ({ subject: _, ...manifest }) => manifest],
    [
      'names another subject',
      (manifest) => ({ ...manifest, subject: { ...OTHER, mediaType: OCI_MANIFEST } }),
    ],
  ])('refuses one that has no tag and %s', async (_, bend) => {
    const release = nginx();
    attach(release, NGINX, { bend });
    expect(await refusal(release)).toMatchObject({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining('is not about'),
    });
  });

  it('refuses one about a blob that is no manifest', async () => {
    const release = nginx();
    const item = itemOf(release, NGINX);
    const layer = item.blobs.find((digest: string) => digest !== item.root.digest);
    attach(release, NGINX, { subject: layer, tag: 'sig' });
    expect(await refusal(release)).toMatchObject({
      message: expect.stringContaining(`is about ${layer}, which is no manifest of it`),
    });
  });
});

describe('a filtered index is held against the upstream index', () => {
  it('may have fewer entries, and upstream’s signature travels with it', async () => {
    const release = nginx();
    const upstream = filterIndex(release, NGINX);
    attach(release, NGINX, { subject: upstream.digest, tag: 'sig' });
    expect(await refusal(release)).toBe('accepted');
  });

  it.each<[string, (index: Loose, other: Loose) => Loose, string]>([
    [
      'has an image that upstream has not',
      (index, other) => ({ ...index, manifests: [...index.manifests, other] }),
      'stands in its filtered index, but not so in upstream’s',
    ],
    [
      'has another image in the place of one',
      (index, { digest, size }) => ({ ...index, manifests: [{ ...index.manifests[0], digest, size }] }),
      'stands in its filtered index, but not so in upstream’s',
    ],
    [
      'calls an image of one platform that of another',
      (index) => ({
        ...index,
        manifests: [{ ...index.manifests[0], platform: { architecture: 'arm64', os: 'linux' } }],
      }),
      'stands in its filtered index, but not so in upstream’s',
    ],
    [
      'says something else of itself',
      (index) => ({ ...index, annotations: { by: 'somebody' } }),
      'says something else than upstream’s',
    ],
  ])('is refused when it %s', async (_, bend, message) => {
    const release = nginx();
    const other = itemOf(release, OTHER_IMAGE);
    filterIndex(release, NGINX, (index) => bend(index, other.root));
    list(
      release,
      itemOf(release, NGINX),
      other.blobs.map((digest: Digest) => ({ digest, size: release.blobs.get(digest)?.byteLength ?? 0 })),
    );
    expect(await refusal(release)).toEqual({
      code: 'MANIFEST_INVALID',
      message: expect.stringContaining(message.replace('’', "'")),
    });
  });

  it.each<[string, (first: Loose, second: Loose) => Loose[], string]>([
    ['entries of upstream in its order', (first, second) => [first, second], 'accepted'],
    ['the later entry alone', (_, second) => [second], 'accepted'],
    ['entries in another order', (first, second) => [second, first], 'MANIFEST_INVALID'],
    ['an entry twice', (first) => [first, first], 'MANIFEST_INVALID'],
  ])('with %s: %s', async (_, choose, expected) => {
    const result = await refusal(filtered(choose));
    expect(typeof result === 'string' ? result : (result as { code: string }).code).toBe(expected);
  });

  it('may have 30,000 entries that differ in what is said of one image', async () => {
    const entry = (child: Loose, i: number): Loose => ({ ...child, annotations: { i: `${i}` } });
    const many = (child: Loose): Loose[] => Array.from({ length: 30_000 }, (_, i) => entry(child, i));
    const release = filtered((first) => many(first).slice(0, -1), many);
    expect(await refusal(release)).toBe('accepted');
  });

  it('may have a filtered index in it, when the whole one travels too', async () => {
    expect(await refusal(nested({ kept: true }))).toBe('accepted');
    expect(await refusal(nested({ kept: false }))).toMatchObject({ code: 'MANIFEST_INVALID' });
    expect(await refusal(nested({ kept: true, lying: true }))).toMatchObject({ code: 'MANIFEST_INVALID' });
  });
});

/** Upstream: an index of the same image under two platforms, and of one more; the release has some of its entries. */
function filtered(
  choose: (first: Loose, second: Loose) => Loose[],
  upstream = (child: Loose): Loose[] => entriesOf(child),
): SimulatedRelease {
  const release = nginx();
  const item = itemOf(release, NGINX);
  const [first, second] = entriesOf({ ...item.root });
  const put = (manifests: Loose[]): Loose => {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    return { mediaType: OCI_INDEX, ...add(release.blobs, JSON.stringify(index)) };
  };
  item.upstreamIndex = put(upstream(first));
  item.upstream = item.upstreamIndex.digest;
  item.root = put(choose(first, second));
  list(release, item, [item.root, item.upstreamIndex]);
  return release;
}

function entriesOf(child: Loose): Loose[] {
  return [
    { ...child, platform: { architecture: 'amd64', os: 'linux' } },
    { ...child, platform: { architecture: 'arm64', os: 'linux' } },
    { ...child, digest: OTHER.digest, platform: { architecture: 's390x', os: 'linux' } },
  ];
}

/** Upstream: an index of an index of two; the release: an index of an index of one. */
function nested({ kept, lying = false }: { kept: boolean; lying?: boolean }): SimulatedRelease {
  const release = nginx();
  const item = itemOf(release, NGINX);
  const child = { ...item.root };
  const put = (manifests: Loose[]): Loose => {
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    return { mediaType: OCI_INDEX, ...add(release.blobs, JSON.stringify(index)) };
  };
  const whole = put([child, { ...child, digest: OTHER.digest }]);
  const part = put([lying ? { ...child, annotations: { says: 'something' } } : child]);
  item.upstreamIndex = put([whole]);
  item.upstream = item.upstreamIndex.digest;
  item.root = put([part]);
  list(release, item, [item.root, part, item.upstreamIndex, ...(kept ? [whole] : [])]);
  return release;
}
