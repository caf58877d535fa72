import { type Digest, digestOf, type GitRef } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DiffSide, diffManifests } from './diff-manifests.ts';
import type { GitItem, Item, Manifest } from './manifest.ts';

function rooted(
  kind: 'image' | 'chart' | 'file',
  id: string,
  content: string,
  more: readonly string[] = [],
): Item {
  const root = { mediaType: 'application/octet-stream', digest: digestOf(content), size: content.length };
  const blobs = [content, ...more].map((text) => digestOf(text)).sort();
  return {
    kind,
    id,
    blobs,
    root,
    ...(kind === 'chart' && { version: id.split(':').at(-1) }),
  } as unknown as Item;
}

function git(id: string, refs: Readonly<Record<string, string>>, head?: string): GitItem {
  const list = Object.entries(refs).map(([name, digit]) => ({
    name: `refs/heads/${name}`,
    oid: digit.repeat(40),
  }));
  return {
    kind: 'git',
    id,
    blobs: [],
    source: '',
    objectFormat: 'sha1',
    refs: list,
    ...(head !== undefined && { head }),
  };
}

/** `contents`: what the side's blobs hold; a blob's size is its length. */
function side(version: string, items: readonly Item[], contents: readonly string[] = []): DiffSide {
  const blobs = contents.map((text) => ({ digest: digestOf(text), size: text.length }));
  const manifest: Manifest = {
    format: 'gapferry.manifest/1',
    bundle: 'line-a',
    version,
    platforms: [],
    blobs,
    items,
  };
  return { manifest };
}

describe('the difference between two releases', () => {
  it('of a release and itself is nothing', () => {
    const items = [rooted('image', 'r/a:1', 'a'), git('g/a', { main: 'a' }), rooted('file', 'f', 'f')];
    expect(diffManifests(side('1', items), side('2', items))).toMatchObject({ changes: [], unchanged: 3 });
  });

  it('shows a tag that moved, with the bytes that are new', () => {
    const a = side('1', [rooted('image', 'r/a:1', 'old', ['base'])], ['old', 'base']);
    const b = side('2', [rooted('image', 'r/a:1', 'newer', ['base'])], ['newer', 'base']);
    expect(diffManifests(a, b)).toEqual({
      from: { bundle: 'line-a', version: '1' },
      to: { bundle: 'line-a', version: '2' },
      changes: [
        {
          change: 'moved',
          kind: 'image',
          id: 'r/a:1',
          from: digestOf('old'),
          to: digestOf('newer'),
          bytes: 5,
        },
      ],
      unchanged: 0,
      bytes: { from: 7, to: 9, added: 5, removed: 3 },
    });
  });

  it('shows of when content is, and that it may be older from now on', () => {
    const dated = (text: string, content: object): Item =>
      ({ ...rooted('file', 'av/db', text), content }) as Item;
    const old = { kind: 'clamav-db', updated: '2026-11-01T00:00:00Z', maxAge: 604_800 };
    const renewed = { ...old, updated: '2026-11-20T00:00:00Z' };
    const changes = (was: Item, is: Item) => diffManifests(side('1', [was]), side('2', [is])).changes;
    expect(changes(dated('a', old), dated('b', renewed))).toMatchObject([
      { change: 'moved', dated: { from: old.updated, to: renewed.updated } },
    ]);
    const { maxAge: _maxAge, ...ageless } = old;
    for (const [is, to] of [
      [{ ...old, maxAge: 86_400 }, 86_400],
      [ageless, undefined],
    ] as const)
      expect(changes(dated('a', old), dated('a', is))).toEqual([
        {
          change: 'content',
          kind: 'file',
          id: 'av/db',
          mayBe: { from: 604_800, ...(to !== undefined && { to }) },
          bytes: 0,
        },
      ]);
    expect(changes(dated('a', old), dated('a', { ...old }))).toEqual([]);
  });

  it.each([
    ['image', '127.0.0.1:5000/a:1.27.2', '127.0.0.1:5000/a:1.27.3'],
    ['image', `r/a@${digestOf('1')}`, `r/a@${digestOf('2')}`],
    ['chart', 'c/a:1.0.0', 'c/a:1.0.1+build'],
  ] as const)('pairs two versions of one %s', (kind, from, to) => {
    const diff = diffManifests(side('1', [rooted(kind, from, 'x')]), side('2', [rooted(kind, to, 'y')]));
    expect(diff.changes).toEqual([{ change: 'updated', kind, id: to, from, to, bytes: 0 }]);
  });

  it('pairs nothing where it would have to guess', () => {
    const a = side('1', [rooted('image', 'r/a:1', '1'), rooted('image', 'r/a:2', '2')]);
    const b = side('2', [rooted('image', 'r/a:3', '3')]);
    expect(diffManifests(a, b).changes.map(({ change, id }) => `${change} ${id}`)).toEqual([
      'removed r/a:1',
      'removed r/a:2',
      'added r/a:3',
    ]);
  });

  it('does not take an image for a chart or another registry', () => {
    const a = side('1', [rooted('chart', 'r/a:1', '1'), rooted('image', 'x/a:1', '1')]);
    const b = side('2', [rooted('image', 'r/a:1', '1')]);
    expect(
      diffManifests(a, b)
        .changes.map(({ change }) => change)
        .sort(),
    ).toEqual(['added', 'removed', 'removed']);
  });

  it('shows refs that moved, came and went, the new default branch, and the bytes of new packs', () => {
    const a = side('1', [git('g/a', { gone: 'a', main: 'a', same: 'c' }, 'refs/heads/main')]);
    const packs = [{ digest: digestOf('pack'), size: 4, prerequisites: [] }];
    const b: DiffSide = {
      ...side('2', [git('g/a', { come: 'b', main: 'b', same: 'c' }, 'refs/heads/come')]),
      packs: { format: 'gapferry.packs/1', items: [{ id: 'g/a', packs }] },
    };
    expect(diffManifests(a, b).changes).toEqual([
      {
        change: 'refs',
        kind: 'git',
        id: 'g/a',
        refs: [
          { name: 'refs/heads/come', to: 'b'.repeat(40) },
          { name: 'refs/heads/gone', from: 'a'.repeat(40) },
          { name: 'refs/heads/main', from: 'a'.repeat(40), to: 'b'.repeat(40) },
        ],
        head: { from: 'refs/heads/main', to: 'refs/heads/come' },
        bytes: 4,
      },
    ]);
  });

  it('says where a history becomes cut or whole, and not that cuts move with the refs', () => {
    const cut = (digit: string, ...shallow: string[]): DiffSide =>
      side(digit, [{ ...git('g/a', { main: digit }), ...(shallow.length > 0 && { shallow }) }]);
    const changes = (a: DiffSide, b: DiffSide) => diffManifests(a, b).changes;
    expect(changes(cut('1', 'x'), cut('1', 'x'))).toEqual([]);
    expect(changes(cut('1', 'x'), cut('1', 'y'))).toMatchObject([{ refs: [], cuts: { from: 1, to: 1 } }]);
    expect(changes(cut('1', 'x'), cut('1'))).toMatchObject([{ refs: [], cuts: { from: 1, to: 0 } }]);
    expect(changes(cut('1'), cut('2', 'x', 'y'))).toMatchObject([{ refs: [{}], cuts: { from: 0, to: 2 } }]);
    expect(changes(cut('1', 'x'), cut('2', 'y'))[0]).not.toHaveProperty('cuts');
  });

  it('reads long lists of refs from where it is told, and never takes an unread list for an empty one', () => {
    const listed = (content: string): Item => ({
      ...git('g/a', {}),
      refs: { list: { mediaType: 'application/json', digest: digestOf(content), size: 1 } },
    });
    const refs = (digit: string): ReadonlyMap<string, readonly GitRef[]> =>
      new Map([['g/a', [{ name: 'refs/heads/main', oid: digit.repeat(40) }]]]);
    const [a, b] = [side('1', [listed('one')]), side('2', [listed('two')])];
    const diff = diffManifests({ ...a, refs: refs('a') }, { ...b, refs: refs('b') });
    expect(diff.changes).toMatchObject([{ refs: [{ name: 'refs/heads/main', from: 'a'.repeat(40) }] }]);
    expect(() => diffManifests({ ...a, refs: refs('a') }, b)).toThrow('the refs of git g/a were not read');
    expect(diffManifests(a, side('2', [listed('one')])).changes).toEqual([]);
  });

  it('adds up: what B has is what A has, without what went, with what came', () => {
    const contents = fc.subarray(['a', 'bb', 'ccc', 'dddd', 'eeeee']);
    fc.assert(
      fc.property(contents, contents, (was, is) => {
        const toSide = (texts: readonly string[]): DiffSide =>
          side(
            '1',
            texts.map((text) => rooted('file', text, text)),
            texts,
          );
        const { changes, unchanged, bytes } = diffManifests(toSide(was), toSide(is));
        const ids = new Set(was);
        for (const { change, id } of changes) change === 'added' ? ids.add(id) : ids.delete(id);
        expect([...ids].sort()).toEqual([...is].sort());
        expect(unchanged).toBe(was.filter((text) => is.includes(text)).length);
        expect(bytes.from - bytes.removed + bytes.added).toBe(bytes.to);
        const keys = changes.map(({ kind, id }) => `${kind} ${id}`);
        expect(keys).toEqual([...keys].sort());
        expect(changes.reduce((sum, change) => sum + (change.change === 'added' ? change.bytes : 0), 0)).toBe(
          bytes.added,
        );
      }),
    );
  });

  it('copes with hundreds of images of thousands of layers', () => {
    const blobs = Array.from({ length: 5000 }, (_, i) => `layer ${i}`);
    const images = (salt: string): Item[] =>
      Array.from({ length: 500 }, (_, i) =>
        rooted('image', `r/a${i}:1`, `${salt} ${i}`, blobs.slice(i, i + 10)),
      );
    const [was, is] = [images('old'), images('new')];
    const all = (items: readonly Item[]): DiffSide => {
      const digests: Digest[] = items.flatMap((item) => item.blobs);
      const base = side('1', items);
      return {
        manifest: { ...base.manifest, blobs: [...new Set(digests)].map((digest) => ({ digest, size: 1 })) },
      };
    };
    expect(diffManifests(all(was), all(is)).changes).toHaveLength(500);
  });
});
