import type { Bytes } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { streamBlob } from './blob-stream.ts';

async function* inPieces(pieces: readonly Uint8Array[], error?: Error): Bytes {
  // A producer may use its chunk again.
  const chunk = new Uint8Array(64);
  for (const piece of pieces) {
    chunk.set(piece);
    yield chunk.subarray(0, piece.byteLength);
  }
  if (error) throw error;
}

async function read(bytes: Bytes): Promise<Buffer> {
  const seen: Buffer[] = [];
  for await (const piece of bytes) seen.push(Buffer.from(piece));
  return Buffer.concat(seen);
}

const pieces = fc.array(fc.uint8Array({ maxLength: 12 }), { maxLength: 8 });
const spans = fc.array(fc.tuple(fc.nat(100), fc.nat(40)), { maxLength: 6 });

describe('a blob as a stream of bodies', () => {
  it('gives any part of it, forwards and backwards', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, spans, async (list, wanted) => {
        const whole = Buffer.concat(list);
        const stream = streamBlob(() => inPieces(list), whole.byteLength);
        for (const [at, length] of wanted) {
          const from = Math.min(at, whole.byteLength);
          const end = Math.min(from + length, whole.byteLength);
          expect(await read(stream.body(from, end - from).open())).toEqual(whole.subarray(from, end));
        }
      }),
    );
  });

  it('opens its source once for bodies that follow each other', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 9 }), async (list, length) => {
        const whole = Buffer.concat(list);
        let opened = 0;
        const stream = streamBlob(() => {
          opened += 1;
          return inPieces(list);
        }, whole.byteLength);
        const seen: Buffer[] = [];
        for (let from = 0; from < whole.byteLength; from += length)
          seen.push(await read(stream.body(from, Math.min(length, whole.byteLength - from)).open()));
        expect(Buffer.concat(seen)).toEqual(whole);
        expect(opened).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('gives a body again that was left in the middle', async () => {
    const stream = streamBlob(() => inPieces([Buffer.from('abc'), Buffer.from('def')]), 6);
    for await (const piece of stream.body(1, 5).open()) {
      expect(Buffer.from(piece).toString()).toBe('bc');
      break;
    }
    expect((await read(stream.body(1, 5).open())).toString()).toBe('bcdef');
    const waiting = stream.body(0, 6).open()[Symbol.asyncIterator]().next();
    expect((await read(stream.body(0, 6).open())).toString()).toBe('abcdef');
    await waiting;
    stream.close();
  });

  it('never ends the last body of a source that ends with an error', async () => {
    await fc.assert(
      fc.asyncProperty(pieces, async (list) => {
        const size = Buffer.concat(list).byteLength;
        const stream = streamBlob(() => inPieces(list, new Error('damaged')), size);
        await expect(read(stream.body(0, size).open())).rejects.toThrow('damaged');
      }),
    );
  });
});
