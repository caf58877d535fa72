import {
  byDigest,
  canonicalJson,
  type Descriptor,
  digestOf,
  type GitHolding,
  type Holding,
  MEDIA_TYPES,
} from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Assembly, assemble } from './assemble.ts';
import { encodeRefList } from './ref-list.ts';

const WISH = digestOf('wish');

function blob(content: string, mediaType: string = MEDIA_TYPES.octets): Descriptor {
  return { mediaType, digest: digestOf(content), size: content.length };
}

function image(id: string, layers: readonly string[]): Holding {
  const root = blob(`manifest of ${layers.join()}`, MEDIA_TYPES.ociManifest);
  const blobs = [root, ...layers.map((layer) => blob(layer))];
  return {
    kind: 'image',
    pin: { kind: 'image', id, wish: WISH, root, platforms: [] },
    root,
    blobs,
    platforms: ['linux/amd64'],
  };
}

function chart(id: string): Holding {
  const [root, archive] = [
    blob(`manifest of ${id}`, MEDIA_TYPES.ociManifest),
    blob(id, MEDIA_TYPES.helmChart),
  ];
  const pin = { kind: 'chart', from: 'oci', id, wish: WISH, name: 'c', version: '1.0.0', root } as const;
  return { kind: 'chart', pin, root, blobs: [archive, root], archive };
}

function git(id: string, refs: readonly string[], packs: readonly string[] = ['pack']): GitHolding {
  const list = refs.map((name) => ({ name, oid: 'a'.repeat(40) }));
  return {
    kind: 'git',
    pin: { kind: 'git', id, wish: WISH, url: `https://${id}.git`, objectFormat: 'sha1', refs: list },
    packs: packs.map((pack) => ({ digest: digestOf(pack), size: pack.length, prerequisites: [] })),
  };
}

function file(id: string, content: string): Holding {
  const root = blob(content);
  return {
    kind: 'file',
    pin: { kind: 'file', id, wish: WISH, url: 'https://example.org/f', sha256: root.digest },
    root,
  };
}

const HOLDINGS: readonly Holding[] = [
  image('docker.io/library/app:1', ['base', 'app']),
  image('docker.io/library/app:2', ['base', 'app 2']),
  chart('charts.example/c:1.0.0'),
  git('git.example/b', ['refs/heads/main']),
  git('git.example/a', ['refs/heads/main', 'refs/tags/v1'], ['base pack', 'increment']),
  git('git.example/empty', [], []),
  file('tools/a', 'tool'),
  file('tools/b', 'tool'),
];

function assembled(holdings: readonly Holding[], more: Partial<Assembly> = {}): ReturnType<typeof assemble> {
  const base = { bundle: 'line-a', version: '1.0.0', platforms: [], insecure: [], refLists: new Map() };
  return assemble({ ...base, ...more, holdings });
}

describe('assembling', () => {
  it('gives the same bytes whatever order things came in', () => {
    const expected = canonicalJson(assembled(HOLDINGS));
    fc.assert(
      fc.property(fc.shuffledSubarray([...HOLDINGS], { minLength: HOLDINGS.length }), (holdings) => {
        expect(canonicalJson(assembled(holdings))).toBe(expected);
      }),
      { numRuns: 30 },
    );
  });

  it('lists every blob once, sorted, with those that are shared', () => {
    const { manifest } = assembled(HOLDINGS);
    const contents = [
      'manifest of base,app',
      'manifest of base,app 2',
      'base',
      'app',
      'app 2',
      'manifest of charts.example/c:1.0.0',
      'charts.example/c:1.0.0',
      'tool',
    ];
    const expected = contents.map((text) => ({ digest: digestOf(text), size: text.length })).sort(byDigest);
    expect(manifest.blobs).toEqual(expected);
  });

  it('keeps pack bytes out of the manifest: they vary, the refs do not', () => {
    const one = assembled([git('git.example/a', ['refs/heads/main'], ['packed by one git'])]);
    const other = assembled([git('git.example/a', ['refs/heads/main'], ['packed by', 'another'])]);
    expect(canonicalJson(other.manifest)).toBe(canonicalJson(one.manifest));
    expect(other.packs).not.toEqual(one.packs);
  });

  it('keeps the order of packs, and has none where nothing is packed', () => {
    const { packs } = assembled(HOLDINGS);
    expect(packs?.items.map(({ id }) => id)).toEqual(['git.example/a', 'git.example/b']);
    expect(packs?.items[0]?.packs.map(({ digest }) => digest)).toEqual([
      digestOf('base pack'),
      digestOf('increment'),
    ]);
    expect(assembled([git('git.example/empty', [], [])]).packs).toBeUndefined();
    expect(assembled([]).packs).toBeUndefined();
  });

  it('refuses a repository that has refs and was not packed', () => {
    expect(() => assembled([git('git.example/a', ['refs/heads/main'], [])])).toThrow(
      'git git.example/a has no packs',
    );
  });

  it('puts a long list of refs into the blob it is given', () => {
    const long = git('git.example/a', ['refs/heads/main']);
    const list = { ...blob('list', MEDIA_TYPES.json), size: encodeRefList(long.pin.refs).byteLength };
    const { manifest } = assembled([long], { refLists: new Map([['git.example/a', list]]) });
    expect(manifest.items[0]).toMatchObject({ refs: { list }, blobs: [list.digest] });
    expect(manifest.blobs).toEqual([{ digest: list.digest, size: list.size }]);
  });

  it('keeps the upstream index of a filtered image as a record', () => {
    const upstream = blob('upstream index', MEDIA_TYPES.ociIndex);
    const filtered = image('docker.io/library/app:1', ['app']);
    const holding = {
      ...filtered,
      pin: { ...filtered.pin, root: upstream },
      upstreamIndex: upstream,
    } as Holding;
    const [item] = assembled([holding]).manifest.items;
    expect(item).toMatchObject({ upstream: upstream.digest, upstreamIndex: upstream });
    expect(item?.blobs).toContain(upstream.digest);
    expect(() => assembled([{ ...holding, upstreamIndex: undefined } as unknown as Holding])).toThrow(
      'its root is not what upstream served',
    );
  });

  it('says which hosts were not spoken to safely, and nothing when there were none', () => {
    expect(assembled([], { insecure: ['b:1', 'a:1'] }).manifest.insecure).toEqual(['a:1', 'b:1']);
    expect(assembled([]).manifest).not.toHaveProperty('insecure');
  });

  it.each<[string, Holding[], string]>([
    ['one name twice', [file('a', 'x'), file('a', 'y')], 'duplicate item file a'],
    ['names that differ in case only', [file('a/B', 'x'), file('a/b', 'y')], 'would have the same name'],
    [
      'a file where a directory is needed',
      [file('a', 'x'), file('a/b', 'y')],
      'file a/b would lie inside file a',
    ],
    [
      'a port and a dash that become one name',
      [git('h:1/r', []), git('h-1/r', [])],
      'would have the same name',
    ],
    ['an image under its short name', [image('nginx', ['x'])], 'not a full image reference'],
    [
      'one digest with two sizes',
      [file('a', 'x'), { ...file('b', 'x'), root: { ...blob('x'), size: 9 } } as Holding],
      'the list of blobs says',
    ],
    ['refs out of order', [git('g/a', ['refs/heads/z', 'refs/heads/a'])], 'out of order'],
  ])('refuses %s', (_, holdings, message) => {
    expect(() => assembled(holdings)).toThrow(message);
  });
});
