import { byNaming, digestOf, type Holding, MEDIA_TYPES, type NamedBy, type Pin } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assemble } from './assemble.ts';
import { diffManifests } from './diff-manifests.ts';
import { driftBetween, encodeLock, makeLock, parseLock, pinsFor } from './lock.ts';
import { waivableOf } from './waivable.ts';

const WISH = digestOf('wish');
const CHART = 'chart charts.example/c:1.0.0';
const VALUES: NamedBy = { item: CHART, method: 'values', file: 'c/values.yaml', path: 'image' };
const POD: NamedBy = { ...VALUES, method: 'pod-template', file: 'c/templates/a.yaml', object: 'Pod/a' };

function image(id: string, namedBy?: readonly NamedBy[]): Holding {
  const root = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf(id), size: 3 };
  const pin = { kind: 'image', id, wish: WISH, root, platforms: [], ...(namedBy && { namedBy }) } as const;
  return { kind: 'image', pin, root, blobs: [root], platforms: ['linux/amd64'] };
}

function chart(namedBy?: readonly NamedBy[]): Holding {
  const root = { mediaType: MEDIA_TYPES.ociManifest, digest: digestOf('chart'), size: 3 };
  const archive = { mediaType: MEDIA_TYPES.helmChart, digest: digestOf('archive'), size: 3 };
  const id = 'charts.example/c:1.0.0';
  const plain = { kind: 'chart', from: 'oci', id, wish: WISH, name: 'c', version: '1.0.0', root } as const;
  const pin = { ...plain, ...(namedBy && { namedBy }) };
  return { kind: 'chart', pin, root, blobs: [archive, root], archive };
}

const PACK = { digest: digestOf('pack'), size: 7, prerequisites: [] };

function git(namedBy?: readonly NamedBy[]): Holding {
  const refs = [{ name: 'refs/heads/main', oid: 'a'.repeat(40) }];
  const [id, url] = ['g.example/ops', 'https://g.example/ops'];
  const plain = { kind: 'git', id, wish: WISH, url, objectFormat: 'sha1', refs } as const;
  return { kind: 'git', pin: { ...plain, ...(namedBy && { namedBy }) }, packs: [PACK] };
}

function manifestOf(...holdings: readonly Holding[]): ReturnType<typeof assemble>['manifest'] {
  return assemble({
    bundle: 'line-a',
    version: '1',
    platforms: [],
    insecure: [],
    refLists: new Map(),
    holdings,
  }).manifest;
}

describe('what names an image', () => {
  it('stands sorted in the manifest, and nowhere where there is nothing', () => {
    const { items } = manifestOf(chart(), image('r.example/a:1', [VALUES, POD]), image('r.example/b:1'));
    expect(items[1]).toMatchObject({ namedBy: [POD, VALUES] });
    expect(items[2]).not.toHaveProperty('namedBy');
  });

  it('can name charts and repositories as well', () => {
    const source: NamedBy = {
      item: 'git g.example/ops',
      method: 'custom-resource',
      file: 'a.yaml',
      path: 'spec',
    };
    const { items } = manifestOf(chart([source]), git([source]));
    expect(items).toMatchObject([{ namedBy: [source] }, { namedBy: [source] }]);
    expect(() => manifestOf(chart([source]))).toThrow('it is named by git g.example/ops, which is no item');
    expect(() => manifestOf(git([POD]))).toThrow('which is no item');
  });

  it('is said of charts and repositories that are new', () => {
    const before = { manifest: manifestOf(image('r.example/a:1')) };
    const namedBy = ['git g.example/ops'];
    const source: NamedBy = { item: 'git g.example/ops', method: 'custom-resource', file: 'a', path: 'b' };
    const after = { manifest: manifestOf(image('r.example/a:1'), chart([source]), git([source])) };
    expect(diffManifests(before, after).changes).toEqual([
      { change: 'added', kind: 'chart', id: 'charts.example/c:1.0.0', bytes: 6, namedBy },
      { change: 'added', kind: 'git', id: 'g.example/ops', bytes: 0, namedBy },
    ]);
    expect(diffManifests(after, after).changes).toEqual([]);
  });

  it('stands beside what was checked of a chart', () => {
    const fingerprint = 'ab'.repeat(20);
    const holding = { ...chart(), checked: [{ by: 'helm-provenance', fingerprint } as const] } as Holding;
    expect(manifestOf(holding).items).toMatchObject([{ checked: [{ by: 'helm-provenance', fingerprint }] }]);
  });

  it('is an item of the same release', () => {
    expect(() => manifestOf(image('r.example/a:1', [VALUES]))).toThrow(
      `image r.example/a:1: it is named by ${CHART}, which is no item of the release`,
    );
  });

  it('is said of images that are new, not of those that stay', () => {
    const before = { manifest: manifestOf(chart(), image('r.example/a:1')) };
    const after = {
      manifest: manifestOf(chart(), image('r.example/a:1', [POD]), image('r.example/b:1', [VALUES, POD])),
    };
    expect(diffManifests(before, after).changes).toEqual([
      { change: 'added', kind: 'image', id: 'r.example/b:1', bytes: 3, namedBy: [CHART] },
    ]);
  });

  it('is in one order, whatever the places are', () => {
    const text = fc.stringMatching(/^[a-z./]{1,6}$/);
    const naming = fc.record({
      item: fc.constant(CHART),
      method: fc.constantFrom('values' as const, 'pod-template' as const),
      file: text,
      path: text,
    });
    fc.assert(
      fc.property(
        fc.uniqueArray(naming, { maxLength: 8, selector: (one) => JSON.stringify(one) }),
        (list) => {
          const sorted = [...list].sort(byNaming);
          expect([...list].reverse().sort(byNaming)).toEqual(sorted);
          if (list.length === 0) return;
          expect(manifestOf(chart(), image('r.example/a:1', list)).items[1]).toMatchObject({
            namedBy: sorted,
          });
        },
      ),
    );
  });
});

describe('a lock with what charts name', () => {
  const pin = (id: string, namedBy?: readonly NamedBy[]): Pin => image(id, namedBy).pin;

  it('reads back as it was, and has the bytes it always had where nothing is named', () => {
    const waived = [{ image: 'r.example/w:1', namedBy: [POD] }];
    const lock = makeLock('line-a', [pin('r.example/a:1', [POD])], waived);
    expect(parseLock(Buffer.from(encodeLock(lock)), 'lock')).toEqual(lock);
    expect(encodeLock(makeLock('line-a', [pin('r.example/a:1')]))).not.toMatch(/named|waived|rendered/);
  });

  it('holds what names charts and repositories, and what is waived of every kind', () => {
    const pins = [chart([POD]).pin, git([POD]).pin];
    const waived = [
      { image: 'r.example/w:1', namedBy: [POD] },
      { git: 'g.example/w', namedBy: [POD] },
      { chart: 'c.example/b', namedBy: [POD] },
      { chart: 'c.example/a', namedBy: [POD] },
    ];
    const lock = makeLock('line-a', pins, waived);
    expect(parseLock(Buffer.from(encodeLock(lock)), 'lock')).toEqual(lock);
    expect(lock.waived?.map((one) => waivableOf(one).name)).toEqual([
      'c.example/a',
      'c.example/b',
      'g.example/w',
      'r.example/w:1',
    ]);
  });

  it('did not drift when only what names an image changed', () => {
    const before = makeLock('line-a', [pin('r.example/a:1', [POD])]);
    const after = makeLock('line-a', [pin('r.example/a:1', [VALUES])]);
    expect(driftBetween(before, after)).toEqual([]);
  });

  it('may hold pins that no wish wants only where that is allowed', () => {
    const lock = makeLock('line-a', [pin('r.example/a:1', [POD])]);
    expect(() => pinsFor([], lock)).toThrow('pinned but no longer wanted: image r.example/a:1');
    expect(pinsFor([], lock, () => true)).toEqual([]);
  });
});
