import { canonicalBytes, type Digest, digestOf, MEDIA_TYPES } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { blobsOf, checkManifest, itemsByBlob, parseManifest } from './check-manifest.ts';
import type { FileItem, ImageItem, Manifest } from './manifest.ts';

const ROOT = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf('root'), size: 4 };
const LAYER = { digest: digestOf('layer'), size: 5 };
const IMAGE: ImageItem = {
  kind: 'image',
  id: 'docker.io/library/app:1',
  blobs: [ROOT.digest, LAYER.digest].sort() as Digest[],
  root: ROOT,
  platforms: ['linux/amd64'],
  upstream: ROOT.digest,
};
const MANIFEST: Manifest = {
  format: 'gapferry.manifest/1',
  bundle: 'line-a',
  version: '1.0.0',
  platforms: [],
  blobs: [{ digest: ROOT.digest, size: 4 }, LAYER].sort((a, b) => (a.digest < b.digest ? -1 : 1)),
  items: [IMAGE],
};

function file(id: string): FileItem {
  const root = { mediaType: MEDIA_TYPES.octets, ...LAYER };
  return {
    kind: 'file',
    id,
    blobs: [LAYER.digest],
    root,
    source: 'https://example.org',
    checked: ['given-sha256'],
  };
}

describe('a manifest', () => {
  it('is what it was when it is right', () => {
    expect(checkManifest(MANIFEST)).toBe(MANIFEST);
    expect(parseManifest(canonicalBytes(MANIFEST))).toEqual(MANIFEST);
  });

  it('tells everything that is wrong at once, with the place', () => {
    const broken: Manifest = {
      ...MANIFEST,
      blobs: MANIFEST.blobs.filter(({ digest }) => digest !== LAYER.digest),
      items: [file('../a'), { ...IMAGE, id: 'app' }],
    };
    const problem = (): unknown => checkManifest(broken);
    expect(problem).toThrow(`image app needs blob ${LAYER.digest}, which is not in the list of blobs`);
    expect(problem).toThrow('file ../a: its name is not safe');
    expect(problem).toThrow('image app: its id is not a full image reference');
  });

  it.each([['/etc/passwd'], ['a/../b'], ['a\\b'], ['con'], ['a/'], ['a.'], ['e\u0301'], ['a\u0000']])(
    'has no file whose name escapes or does not exist everywhere: %j',
    (id) => {
      const wrong = { ...MANIFEST, items: [file(id), IMAGE] };
      expect(() => checkManifest(wrong)).toThrow('its name is not safe');
    },
  );

  it('says which items need a blob, and which blobs an item needs', () => {
    const shared = { ...MANIFEST, items: [file('a'), IMAGE] };
    expect(
      itemsByBlob(shared)
        .get(LAYER.digest)
        ?.map(({ id }) => id),
    ).toEqual(['a', IMAGE.id]);
    expect(
      itemsByBlob(shared)
        .get(ROOT.digest)
        ?.map(({ id }) => id),
    ).toEqual([IMAGE.id]);
    expect(blobsOf(shared, IMAGE)).toEqual(MANIFEST.blobs);
    expect(blobsOf(shared, file('a'))).toEqual([LAYER]);
  });

  it('may have a blob that thousands of items share', () => {
    const items = Array.from({ length: 20_000 }, (_, i) => file(`f${String(i).padStart(5, '0')}`));
    const large = { ...MANIFEST, blobs: [LAYER], items };
    expect(itemsByBlob(checkManifest(large)).get(LAYER.digest)).toHaveLength(20_000);
  });
});
