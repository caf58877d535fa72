import type { BlobReader, Bytes, Digest, Run, SizedDigest } from '@gapferry/core';
import type { ByteRange } from '../http/byte-range.ts';

/** Parts of blobs, verified as wholes. */
export interface RangeReader {
  range(blob: SizedDigest, range: ByteRange, run: Run): Bytes;
}

/** Blobs that are remembered as proved. */
const REMEMBERED = 100_000;

/** A part has no digest of its own: the blob is read from its beginning through the verifying reader, and the end of the part is held back until the whole was proved. A blob
 *  that was proved once in this process is from then on read only to the end of the part: damage that comes later is found by the next whole
 *  read, and by the client, who knows the digest. Constant memory; the cost is reading what lies before the part. */
export function createRangeReader(store: BlobReader): RangeReader {
  const proved = new Set<Digest>();
  return {
    async *range(blob, range, run) {
      if (proved.has(blob.digest)) return yield* cutOut(store.open(blob, run), range);
      yield* provenPart(store.open(blob, run), range);
      if (proved.size >= REMEMBERED) proved.clear();
      proved.add(blob.digest);
    },
  };
}

/** Ends as soon as the part is over. */
async function* cutOut(bytes: Bytes, range: ByteRange): Bytes {
  for await (const { part, isLast } of parts(bytes, range)) {
    if (part.byteLength > 0) yield part;
    if (isLast) return;
  }
}

/** Reads on to the end of the blob before the last piece of the part is given away. */
async function* provenPart(bytes: Bytes, range: ByteRange): Bytes {
  let held: Uint8Array | undefined;
  for await (const { part, isLast } of parts(bytes, range)) {
    if (part.byteLength === 0) continue;
    if (isLast) held = Uint8Array.from(part);
    else yield part;
  }
  if (held !== undefined) yield held;
}

async function* parts(
  bytes: Bytes,
  { first, last }: ByteRange,
): AsyncGenerator<{ part: Uint8Array; isLast: boolean }> {
  let at = 0;
  for await (const chunk of bytes) {
    const end = at + chunk.byteLength;
    const from = Math.min(Math.max(first - at, 0), chunk.byteLength);
    const to = Math.max(from, Math.min(last + 1 - at, chunk.byteLength));
    const isLast = at <= last && last < end;
    at = end;
    yield { part: chunk.subarray(from, to), isLast };
  }
}
