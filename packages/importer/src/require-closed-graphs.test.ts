import { add, type Loose, type SimulatedRelease, simulatedRelease } from '@gapferry/bundle/testing';
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
