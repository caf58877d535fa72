import type { Bytes } from '@gapferry/core';

export interface Chunk {
  /** Its first byte's place in the whole. */
  readonly at: number;
  /** Valid until the next chunk is asked for. */
  readonly bytes: Uint8Array;
}

/** The bytes from `from` on in pieces of `buffer`'s length, the last one shorter; what comes before is read and dropped. Nothing for nothing. The buffer is used for every chunk, and
 *  a chunk is given only when the next byte has come or the bytes have ended well: so the last one is never given of bytes that end with an error. */
export async function* cutIntoChunks(bytes: Bytes, from: number, buffer: Uint8Array): AsyncGenerator<Chunk> {
  let seen = 0;
  let at = from;
  let filled = 0;
  for await (const piece of bytes) {
    let left = piece.subarray(Math.min(piece.byteLength, Math.max(0, from - seen)));
    seen += piece.byteLength;
    while (left.byteLength > 0) {
      if (filled === buffer.byteLength) {
        yield { at, bytes: buffer };
        at += filled;
        filled = 0;
      }
      const part = left.subarray(0, buffer.byteLength - filled);
      buffer.set(part, filled);
      filled += part.byteLength;
      left = left.subarray(part.byteLength);
    }
  }
  if (filled > 0) yield { at, bytes: buffer.subarray(0, filled) };
}
