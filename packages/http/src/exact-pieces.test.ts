import type { Bytes } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactPieces } from './exact-pieces.ts';

const purpose = { item: 'blob', url: new URL('http://a.test/') };

/** A source that uses one piece of memory for all its chunks. */
async function* reused(whole: Uint8Array, chunk: number): Bytes {
  const memory = new Uint8Array(chunk);
  for (let at = 0; at < whole.byteLength; at += chunk) {
    const piece = whole.subarray(at, at + chunk);
    memory.set(piece);
    yield memory.subarray(0, piece.byteLength);
  }
  memory.fill(0);
}

async function joined(size: number, open: () => Bytes): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of exactPieces({ size, open }, purpose)) {
    expect(piece.byteLength).toBeLessThanOrEqual(256 << 10);
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces);
}

describe('exactPieces', () => {
  it('gives all bytes in order, whatever the chunks', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 900_000 }),
        fc.integer({ min: 1000, max: 700_000 }),
        async (size, chunk) => {
          const whole = Buffer.alloc(size, 'abcdefg');
          expect((await joined(size, () => reused(whole, chunk))).equals(whole)).toBe(true);
        },
      ),
      { numRuns: 25 },
    ));

  it.each([
    [9, 'more than 9'],
    [11, '10'],
  ])('refuses 10 bytes for %d, before the last of them', async (size, said) => {
    const given: Uint8Array[] = [];
    const read = async (): Promise<void> => {
      for await (const piece of exactPieces({ size, open: () => reused(new Uint8Array(10), 10) }, purpose))
        given.push(piece);
    };
    await expect(read()).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
      message: expect.stringContaining(`has ${said} bytes`),
    });
  });

  it('holds the last piece back until the source has ended well', async () => {
    const given: number[] = [];
    const open = async function* (): Bytes {
      yield new Uint8Array(300 << 10);
      throw new Error('the digest is wrong');
    };
    const read = async (): Promise<void> => {
      for await (const piece of exactPieces({ size: 300 << 10, open }, purpose)) given.push(piece.byteLength);
    };
    await expect(read()).rejects.toThrow('the digest is wrong');
    expect(given).toEqual([44 << 10]);
  });
});
