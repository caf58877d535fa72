import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { totalSize, uniqueByDigest } from './descriptor.ts';
import { digestFromHex, digestOf, hexOf, parseDigest, sha256, shortDigest } from './digest.ts';
import { isGapferryError, isInterruption } from './errors.ts';
import { formatPlatform, matchesPlatform, parsePlatform } from './platform.ts';
import { printable } from './printable.ts';
import { checkRun, formatTime, quietRun } from './run.ts';
import { type ImageWish, wishDigest } from './wish.ts';

describe('digests', () => {
  const hex = createHash('sha256').update('abc').digest('hex');

  it('are what sha256 says, at once or in pieces', () => {
    const hasher = sha256();
    hasher.update(Buffer.from('a'));
    hasher.update(Buffer.from('bc'));
    expect([digestOf('abc'), hasher.digest(), digestFromHex(hex)]).toEqual(Array(3).fill(`sha256:${hex}`));
    expect(hexOf(digestOf('abc'))).toBe(hex);
    expect(shortDigest(digestOf('abc'))).toBe(`sha256:${hex.slice(0, 12)}`);
  });

  it.each([
    '',
    'sha256:',
    hex,
    `sha256:${hex.toUpperCase()}`,
    `sha256:${hex}0`,
    `sha512:${hex}`,
    `sha256:${hex}\n`,
  ])('refuses %j', (text) => {
    expect(() => parseDigest(text)).toThrow(
      expect.objectContaining({ code: 'DIGEST_INVALID', category: 'integrity' }),
    );
  });
});

describe('lists of blobs', () => {
  it('hold each digest once, sorted, and add up', () => {
    const [a, b] = [
      { digest: digestOf('a'), size: 1 },
      { digest: digestOf('b'), size: 2 },
    ];
    const unique = uniqueByDigest([b, a, b, a]);
    expect(unique.map((blob) => blob.digest)).toEqual([a.digest, b.digest].sort());
    expect(totalSize(unique)).toBe(3);
  });
});

describe('platforms', () => {
  it('are written as they are read', () => {
    for (const text of ['linux/amd64', 'linux/arm/v7', 'windows/amd64'])
      expect(formatPlatform(parsePlatform(text))).toBe(text);
  });

  it.each(['', 'linux', 'linux/', '/amd64', 'a/b/c/d', 'Linux/amd64', 'linux/amd64 '])(
    'refuse %j',
    (text) => {
      expect(() => parsePlatform(text)).toThrow(expect.objectContaining({ code: 'REFERENCE_INVALID' }));
    },
  );

  it('match a wish without variant with every variant, and arm64 with arm64/v8', () => {
    const matches = (wanted: string, actual: string): boolean =>
      matchesPlatform(parsePlatform(wanted), parsePlatform(actual));
    expect([
      matches('linux/arm', 'linux/arm/v7'),
      matches('linux/arm64/v8', 'linux/arm64'),
      matches('linux/arm64', 'linux/arm64/v8'),
    ]).toEqual([true, true, true]);
    expect([
      matches('linux/arm/v6', 'linux/arm/v7'),
      matches('linux/amd64', 'linux/arm64'),
      matches('windows/amd64', 'linux/amd64'),
    ]).toEqual([false, false, false]);
  });
});

describe('printable', () => {
  it('shows control characters and bidirectional controls instead of sending them to the terminal', () => {
    expect(printable('a\u001b[31mb\u0007\u202ec\u009bd\r\n')).toBe(
      'a\\u{1b}[31mb\\u{7}\\u{202e}c\\u{9b}d\\u{d}\\u{a}',
    );
  });

  it('leaves other text as it is', () => {
    expect(printable('größe 漢字 🙂')).toBe('größe 漢字 🙂');
  });
});

describe('runs and wishes', () => {
  it('end with an interruption once they are stopped', () => {
    const controller = new AbortController();
    checkRun(quietRun(controller.signal));
    controller.abort();
    try {
      checkRun(quietRun(controller.signal));
      expect.unreachable();
    } catch (error) {
      expect(isGapferryError(error, 'INTERRUPTED') && isInterruption(error)).toBe(true);
    }
  });

  it('write times in UTC with whole seconds', () => {
    expect(formatTime(new Date('2026-11-21T10:00:00.999+02:00'))).toBe('2026-11-21T08:00:00Z');
  });

  it('give a wish another digest when anything in it changes, and the same when its members stand in another order', () => {
    const wish: ImageWish = { kind: 'image', ref: 'docker.io/library/nginx:1', platforms: ['linux/amd64'] };
    const same: ImageWish = { platforms: ['linux/amd64'], ref: 'docker.io/library/nginx:1', kind: 'image' };
    expect(wishDigest(same)).toBe(wishDigest(wish));
    expect(wishDigest({ ...wish, platforms: [] })).not.toBe(wishDigest(wish));
  });
});
