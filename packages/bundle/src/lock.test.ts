import { digestOf, type GapferryError, type Pin, type Wish, wishDigest } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { driftBetween, encodeLock, makeLock, parseLock, pinsFor } from './lock.ts';

const IMAGE: Wish = { kind: 'image', ref: 'docker.io/library/app:1', platforms: [] };
const FILE: Wish = { kind: 'file', url: 'https://example.org/a', sha256: digestOf('a'), as: 'a' };

function filePin(id: string, content = id): Pin {
  const sha256 = digestOf(content);
  return { kind: 'file', id, wish: digestOf(id), url: 'https://example.org/a', sha256 };
}

function imagePin(content: string): Pin {
  const root = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: digestOf(content),
    size: 1,
  };
  return {
    kind: 'image',
    id: IMAGE.kind === 'image' ? IMAGE.ref : '',
    wish: wishDigest(IMAGE),
    root,
    platforms: [],
  };
}

describe('a lock', () => {
  it('has the same bytes whatever order its pins came in, and reads back as it was', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-zA-Z0-9/ _é-]{1,12}$/), { maxLength: 12 });
    fc.assert(
      fc.property(names, fc.infiniteStream(fc.nat()), (ids, order) => {
        const pins = ids.map((id) => filePin(id));
        const shuffled = pins
          .map((pin) => [order.next().value ?? 0, pin] as const)
          .sort(([a], [b]) => a - b)
          .map(([, pin]) => pin);
        const text = encodeLock(makeLock('line-a', pins));
        expect(encodeLock(makeLock('line-a', shuffled))).toBe(text);
        expect(parseLock(Buffer.from(text), 'bundle.lock.json')).toEqual(makeLock('line-a', pins));
      }),
    );
  });

  it('can be read by people: two spaces, one newline at the end', () => {
    const text = encodeLock(makeLock('line-a', [filePin('a')]));
    expect(text).toMatch(
      /^\{\n {2}"bundle": "line-a",\n {2}"format": "gapferry\.lock\/1",\n {2}"pins": \[\n/,
    );
    expect(text.endsWith(']\n}\n')).toBe(true);
  });

  it('is refused when a merge by hand left an item pinned twice', () => {
    const lock = makeLock('line-a', [filePin('a'), filePin('a', 'other')]);
    expect(() => parseLock(Buffer.from(encodeLock(lock)), 'bundle.lock.json')).toThrow(
      'bundle.lock.json is refused: pins[1]: file a is pinned twice',
    );
  });
});

describe('pins for wishes', () => {
  const lock = makeLock('line-a', [imagePin('one'), { ...filePin('a'), wish: wishDigest(FILE) } as Pin]);

  it('come in the order of the wishes', () => {
    expect(pinsFor([FILE, IMAGE], lock).map(({ kind }) => kind)).toEqual(['file', 'image']);
    expect(pinsFor([IMAGE, FILE], lock).map(({ kind }) => kind)).toEqual(['image', 'file']);
  });

  it('may be several for one wish', () => {
    const wish: Wish = { kind: 'image', ref: 'docker.io/library/app', platforms: [], tags: { newest: 2 } };
    const pins = ['1', '2'].map((tag) => ({
      ...imagePin(tag),
      id: `docker.io/library/app:${tag}`,
      wish: wishDigest(wish),
    }));
    expect(pinsFor([wish], makeLock('line-a', pins))).toHaveLength(2);
  });

  it('are refused when they are something else than what is wished', () => {
    const other = makeLock('line-a', [imagePin('one'), { ...filePin('b'), wish: wishDigest(IMAGE) } as Pin]);
    expect(() => pinsFor([IMAGE], other)).toThrow('pinned but no longer wanted: file b');
  });

  it('are refused when one is left over', () => {
    expect(() => pinsFor([IMAGE], lock)).toThrow('pinned but no longer wanted: file a');
    expect(() => pinsFor([IMAGE, FILE], makeLock('line-a', [imagePin('one')]))).toThrow('no pin for file a');
  });

  it('are refused when a wish changed: both sides are named', () => {
    const changed: Wish = { ...IMAGE, platforms: ['linux/arm64'] } as Wish;
    try {
      pinsFor([changed, FILE], lock);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({
        code: 'LOCK_STALE',
        data: { unpinned: ['image docker.io/library/app:1'], stale: ['image docker.io/library/app:1'] },
      });
      expect((error as GapferryError).hint).toContain('gapferry resolve');
    }
  });
});

describe('drift between locks', () => {
  it('is empty between a lock and itself, and everything is added where there was none', () => {
    const lock = makeLock('line-a', [imagePin('one'), filePin('a')]);
    expect(driftBetween(lock, lock)).toEqual([]);
    expect(driftBetween(undefined, lock).map(({ change }) => change)).toEqual(['added', 'added']);
  });

  it('is sorted by kind and id', () => {
    const before = makeLock('line-a', [imagePin('one'), filePin('b'), filePin('c')]);
    const after = makeLock('line-a', [imagePin('two'), filePin('a'), filePin('c')]);
    expect(driftBetween(before, after)).toEqual([
      { kind: 'file', id: 'a', change: 'added' },
      { kind: 'file', id: 'b', change: 'removed' },
      { kind: 'image', id: 'docker.io/library/app:1', change: 'moved' },
    ]);
  });

  it('does not count a wish that was written in another way', () => {
    const before = makeLock('line-a', [filePin('a')]);
    const after = makeLock('line-a', [{ ...filePin('a'), wish: digestOf('other') }]);
    expect(driftBetween(before, after)).toEqual([]);
  });
});
