import { type Cipheriv, createCipheriv, createHash } from 'node:crypto';
import type { Bytes } from '@gapferry/core';

const CHUNK = 1_048_576;
const BLOCK = 16;
const ZEROS = Buffer.alloc(CHUNK);

/** `size` bytes that look random and depend on the seed alone, computed while they are read: memory is constant, and reading may begin at any offset.
 *  They are the AES-128-CTR key stream of sha256(seed), so that nothing compresses them. */
export async function* seededBytes(size: number, seed: string | number, from = 0): Bytes {
  const start = from - (from % BLOCK);
  const cipher = keyStream(seed, start / BLOCK);
  if (from > start) cipher.update(ZEROS.subarray(0, from - start));
  for (let at = from; at < size; at += CHUNK)
    yield cipher.update(ZEROS.subarray(0, Math.min(CHUNK, size - at)));
}

/** `size` bytes of hexadecimal text from the same stream: gzip halves them. */
export async function* seededText(size: number, seed: string | number, from = 0): Bytes {
  const source = seededBytes(Math.ceil(size / 2), seed, Math.floor(from / 2));
  let skip = from % 2;
  let left = size - from;
  for await (const chunk of source) {
    const text = Buffer.from(Buffer.from(chunk).toString('hex'), 'latin1').subarray(skip, skip + left);
    skip = 0;
    left -= text.byteLength;
    yield text;
  }
}

/** A small pseudo-random byte string in memory. */
export function seededBuffer(size: number, seed: string | number): Buffer {
  return keyStream(seed, 0).update(Buffer.alloc(size));
}

function keyStream(seed: string | number, block: number): Cipheriv {
  const key = createHash('sha256').update(String(seed)).digest().subarray(0, 16);
  const counter = Buffer.alloc(BLOCK);
  counter.writeBigUInt64BE(BigInt(block), 8);
  return createCipheriv('aes-128-ctr', key, counter);
}
