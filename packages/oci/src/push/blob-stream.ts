import type { Bytes } from '@gapferry/core';
import type { StreamedBody } from '@gapferry/http';

/** A blob that is read once, from its beginning, and sent in several bodies. */
export interface BlobStream {
  /** The bytes from `from` on. Reading goes on where the last body ended; what lies between is dropped, and what lies before makes it begin anew: after a challenge or a lost chunk.
   *  The body that ends with the blob ends only when the source has ended well. */
  body(from: number, size: number): StreamedBody;
  /** Lets go of the source. */
  close(): void;
}

/** `open` gives all bytes of the blob, verified, as often as it is called. */
export function streamBlob(open: () => Bytes, blobSize: number): BlobStream {
  let reading: Reading | undefined;
  const close = (): void => {
    void reading?.iterator.return?.().catch(() => undefined);
    reading = undefined;
  };
  /** A body that was left in the middle of a read may still get its bytes: they are lost for the next one. */
  const readingAt = (from: number): Reading => {
    if (reading?.isBusy === true || (reading?.position ?? 0) > from) close();
    reading ??= { iterator: open()[Symbol.asyncIterator](), position: 0, rest: EMPTY, isBusy: false };
    return reading;
  };
  return {
    body: (from, size) => ({ size, open: () => part(readingAt(from), from, size, blobSize) }),
    close,
  };
}

interface Reading {
  readonly iterator: AsyncIterator<Uint8Array>;
  /** Of the first byte of `rest` in the blob. */
  position: number;
  rest: Uint8Array;
  /** Somebody waits for more. */
  isBusy: boolean;
}

const EMPTY = new Uint8Array();

async function* part(reading: Reading, from: number, size: number, blobSize: number): Bytes {
  const end = from + size;
  while (reading.position < end && (await hasMore(reading))) {
    const skipped = Math.min(reading.rest.byteLength, Math.max(0, from - reading.position));
    const taken = reading.rest.subarray(skipped, skipped + end - Math.max(from, reading.position));
    reading.rest = reading.rest.subarray(skipped + taken.byteLength);
    reading.position += skipped + taken.byteLength;
    if (taken.byteLength > 0) yield taken;
  }
  if (end === blobSize) await hasMore(reading);
}

/** False at the end of the source. */
async function hasMore(reading: Reading): Promise<boolean> {
  while (reading.rest.byteLength === 0) {
    reading.isBusy = true;
    const { done, value } = await reading.iterator.next();
    reading.isBusy = false;
    if (done === true) return false;
    reading.rest = value;
  }
  return true;
}
