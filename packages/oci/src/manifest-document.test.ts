import { digestOf, MEDIA_TYPES } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { mediaTypeOf, parseManifestDocument } from './manifest-document.ts';

const blob = (mediaType: string = MEDIA_TYPES.ociLayerGzip) => ({
  mediaType,
  digest: digestOf('x'),
  size: 1,
});
const image = {
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociManifest,
  config: blob(MEDIA_TYPES.ociConfig),
  layers: [blob()],
};
const index = {
  schemaVersion: 2,
  manifests: [{ ...blob(MEDIA_TYPES.ociManifest), platform: { os: 'linux', architecture: 'arm64' } }],
};
const parse = (value: unknown, mediaType: string = MEDIA_TYPES.ociManifest) =>
  parseManifestDocument(
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
    mediaType,
    'host/app:1',
  );

describe('a manifest', () => {
  it('is read to config and layers, an index to its entries', () => {
    expect(parse(image)).toEqual({ kind: 'image', config: image.config, layers: image.layers });
    expect(parse(index, MEDIA_TYPES.ociIndex)).toMatchObject({
      kind: 'index',
      children: [
        { descriptor: blob(MEDIA_TYPES.ociManifest), platform: { os: 'linux', architecture: 'arm64' } },
      ],
    });
  });

  it.each([
    ['schema 1', { schemaVersion: 1 }, 'schema 1'],
    [
      'another media type than announced',
      { ...image, mediaType: MEDIA_TYPES.dockerManifest },
      'was announced as',
    ],
    ['members of an index', { ...index, schemaVersion: 2 }, 'do not fit'],
    [
      'a sha512 digest',
      { ...image, layers: [{ ...blob(), digest: `sha512:${'0'.repeat(128)}` }] },
      'layers.0.digest',
    ],
    ['a negative size', { ...image, layers: [{ ...blob(), size: -1 }] }, 'layers.0.size'],
    [
      'a size beyond what can be counted',
      { ...image, layers: [{ ...blob(), size: 2 ** 60 }] },
      'layers.0.size',
    ],
    ['no layers', { ...image, layers: undefined }, 'layers'],
    ['an array', [], 'is refused'],
    ['null', null, 'is refused'],
  ])('is refused with %s', (_, value, words) => {
    expect(() => parse(value)).toThrow(
      expect.objectContaining({ code: 'CONTENT_INVALID', message: expect.stringContaining(words) }),
    );
  });

  it.each([
    ['deep nesting', '['.repeat(100_000), 'LIMIT_EXCEEDED'],
    ['__proto__', '{"__proto__":{}}', 'JSON_INVALID'],
    ['trailing bytes', `${JSON.stringify(image)}x`, 'JSON_INVALID'],
    ['too many bytes', ' '.repeat((4 << 20) + 1), 'LIMIT_EXCEEDED'],
  ])('is refused with %s', (_, text, code) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code }));
  });

  it.each([MEDIA_TYPES.octets, 'application/vnd.docker.distribution.manifest.v1+prettyjws', ''])(
    'is refused under the media type "%s"',
    (mediaType) => {
      expect(() => parse(image, mediaType)).toThrow(expect.objectContaining({ code: 'CONTENT_INVALID' }));
    },
  );

  it('may have layers of any media type, and layers that lie elsewhere', () => {
    const urls = ['https://elsewhere.example/layer'];
    const layers = [
      blob('application/vnd.oci.image.layer.v1.tar+zstd'),
      blob('application/wasm'),
      { ...blob('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'), urls },
    ];
    expect(parse({ ...image, layers })).toMatchObject({ layers });
  });

  it('may have index entries of any media type, except schema 1', () => {
    const entry = blob('application/vnd.example.thing');
    expect(parse({ schemaVersion: 2, manifests: [entry] }, MEDIA_TYPES.ociIndex)).toMatchObject({
      children: [{ descriptor: entry }],
    });
    const old = blob('application/vnd.docker.distribution.manifest.v1+prettyjws');
    expect(() => parse({ schemaVersion: 2, manifests: [old] }, MEDIA_TYPES.ociIndex)).toThrow('schema 1');
  });

  it('tells its own media type, or shows it by its shape', () => {
    const type = (value: unknown) => mediaTypeOf(Buffer.from(JSON.stringify(value)), 'x');
    expect([type(image), type(index), type({ schemaVersion: 2, config: {} })]).toEqual([
      MEDIA_TYPES.ociManifest,
      MEDIA_TYPES.ociIndex,
      MEDIA_TYPES.ociManifest,
    ]);
  });

  it('takes no platform from names that are none', () => {
    const odd = {
      ...index,
      manifests: [{ ...blob(MEDIA_TYPES.ociManifest), platform: { os: 'linux\u001b', architecture: 'x' } }],
    };
    const read = parse(odd, MEDIA_TYPES.ociIndex);
    expect(read).toMatchObject({ children: [{ descriptor: blob(MEDIA_TYPES.ociManifest) }] });
    expect(read).not.toHaveProperty('children.0.platform');
  });
});
