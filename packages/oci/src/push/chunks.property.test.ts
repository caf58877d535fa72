import type { Bytes } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutIntoChunks } from './chunks.ts';

async function* inPieces(pieces: readonly Uint8Array[], error?: Error): Bytes {
  yield* pieces;
  if (error) throw error;
}

const pieces = fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 8 });

describe('chunks', () => {
  it('are the rest of the bytes, each full but the last', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.nat(40), fc.integer({ min: 1, max: 9 }), async (list, skip, length) => {
        const whole = Buffer.concat(list);
        const from = Math.min(skip, whole.byteLength);
        const seen: Array<{ at: number; bytes: Buffer }> = [];
        for await (const { at, bytes } of cutIntoChunks(inPieces(list), from, new Uint8Array(length)))
          seen.push({ at, bytes: Buffer.from(bytes) });
        expect(Buffer.concat(seen.map(({ bytes }) => bytes))).toEqual(whole.subarray(from));
        expect(seen.map(({ at }) => at)).toEqual(seen.map((_, index) => from + index * length));
        expect(seen.slice(0, -1).every(({ bytes }) => bytes.byteLength === length)).toBe(true);
        expect(seen.every(({ bytes }) => bytes.byteLength > 0)).toBe(true);
      }),
    );
  });

  it('never end with the last one when the bytes end with an error', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 9 }), async (list, length) => {
        const size = Buffer.concat(list).byteLength;
        let given = 0;
        const read = async (): Promise<void> => {
          for await (const { bytes } of cutIntoChunks(
            inPieces(list, new Error('damaged')),
            0,
            new Uint8Array(length),
          ))
            given += bytes.byteLength;
        };
        await expect(read()).rejects.toThrow('damaged');
        expect(given).toBeLessThan(Math.max(1, size));
      }),
    );
  });
});
