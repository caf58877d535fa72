import { type BlobReader, type Bytes, digestOf, quietRun, verifiedBytes } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRangeReader } from './verified-range.ts';

const run = quietRun();

describe('createRangeReader', () => {
  it('gives the same bytes as slicing, however the blob comes in chunks, first time and later', async () => {
    const sizes = fc.record({
      size: fc.integer({ min: 1, max: 200 }),
      chunk: fc.integer({ min: 1, max: 64 }),
      a: fc.nat(),
      b: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ size, chunk, a, b }) => {
        const bytes = Uint8Array.from({ length: size }, (_, i) => i);
        const [first, last] = [Math.min(a % size, b % size), Math.max(a % size, b % size)];
        const reader = createRangeReader(readerOf(bytes, chunk));
        const blob = { digest: digestOf(bytes), size };
        for (const _ of ['unproved', 'proved'])
          expect(await collect(reader.range(blob, { first, last }, run))).toEqual(
            Buffer.from(bytes.subarray(first, last + 1)),
          );
      }),
    );
  });

  it('never completes a part of a damaged blob, wherever the damage is', async () => {
    const bytes = Buffer.alloc(100, 1);
    const blob = { digest: digestOf(bytes), size: 100 };
    for (const at of [0, 49, 50, 99]) {
      const damaged = Uint8Array.from(bytes, (byte, i) => (i === at ? 2 : byte));
      const reader = createRangeReader(readerOf(damaged, 10));
      for (const range of [
        { first: 0, last: 0 },
        { first: 40, last: 60 },
        { first: 99, last: 99 },
      ]) {
        const seen: Uint8Array[] = [];
        const reading = (async () => {
          for await (const chunk of reader.range(blob, range, run)) seen.push(Uint8Array.from(chunk));
        })();
        await expect(reading).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
        expect(Buffer.concat(seen).byteLength).toBeLessThan(range.last - range.first + 1);
      }
    }
  });

  it('reads a proved blob only to the end of the part', async () => {
    const bytes = Buffer.alloc(100, 1);
    const blob = { digest: digestOf(bytes), size: 100 };
    let chunks = 0;
    const reader = createRangeReader(readerOf(bytes, 10, () => chunks++));
    await collect(reader.range(blob, { first: 0, last: 4 }, run));
    expect(chunks).toBe(10);
    await collect(reader.range(blob, { first: 0, last: 4 }, run));
    expect(chunks).toBeLessThanOrEqual(12);
  });
});

function readerOf(bytes: Uint8Array, chunk: number, onChunk: () => void = () => {}): BlobReader {
  async function* read(): Bytes {
    for (let at = 0; at < bytes.byteLength; at += chunk) {
      onChunk();
      yield bytes.subarray(at, at + chunk);
    }
  }
  return { has: async () => true, open: (blob) => verifiedBytes(blob, read()) };
}

async function collect(bytes: Bytes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}
