import { describe, expect, it } from 'vitest';
import { canonicalBytes } from './canonical-json.ts';
import { digestOf } from './digest.ts';
import { isGapferryError } from './errors.ts';
import { hasLinks, parseManifestLinks } from './manifest-links.ts';
import { MEDIA_TYPES } from './media-types.ts';

const config = { mediaType: MEDIA_TYPES.ociConfig, digest: digestOf('config'), size: 6 };
const layer = { mediaType: MEDIA_TYPES.ociLayerGzip, digest: digestOf('layer'), size: 5 };
const foreign = {
  mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  digest: digestOf('foreign'),
  size: 7,
};

const read = (value: unknown, mediaType: string = MEDIA_TYPES.ociManifest) =>
  parseManifestLinks(canonicalBytes(value), mediaType, 'the manifest');

function codeOf(value: unknown): string {
  try {
    read(value);
    return 'accepted';
  } catch (error) {
    return isGapferryError(error) ? error.code : String(error);
  }
}

describe('parseManifestLinks', () => {
  it('lists config and layers of an image manifest and marks layers that nobody need have', () => {
    expect(read({ schemaVersion: 2, config, layers: [layer, foreign] }).links).toEqual([
      { ...config, required: true },
      { ...layer, required: true },
      { ...foreign, required: false },
    ]);
  });

  it('lists the children of an index, whatever else their descriptors say', () => {
    const child = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf('child'), size: 9 };
    const index = { manifests: [{ ...child, platform: { os: 'linux', architecture: 'amd64' } }] };
    expect(read(index, MEDIA_TYPES.ociIndex)).toEqual({ links: [{ ...child, required: true }] });
  });

  it('tells subject, annotations and the artifact type, which is the config type where none is given', () => {
    const about = read({ config, layers: [], subject: layer, annotations: { a: 'b' } });
    expect(about).toMatchObject({ subject: layer, annotations: { a: 'b' }, artifactType: config.mediaType });
    expect(read({ artifactType: 'x/y', config, layers: [] }).artifactType).toBe('x/y');
  });

  it.each([
    ['no layers', { config }],
    ['no config', { layers: [] }],
    ['a list', []],
    ['another digest algorithm', { config: { ...config, digest: 'sha512:00' }, layers: [] }],
    ['a negative size', { config: { ...config, size: -1 }, layers: [] }],
    ['a size with a fraction', { config: { ...config, size: 1.5 }, layers: [] }],
    ['no media type', { config: { digest: config.digest, size: 6 }, layers: [] }],
    ['an annotation that is a number', { config, layers: [], annotations: { a: 1 } }],
  ])('refuses a manifest with %s', (_what, manifest) => {
    expect(codeOf(manifest)).toBe('CONTENT_INVALID');
  });

  it('knows which media types name other blobs', () => {
    expect([MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifest, MEDIA_TYPES.octets].map(hasLinks)).toEqual([
      true,
      true,
      false,
    ]);
  });
});
