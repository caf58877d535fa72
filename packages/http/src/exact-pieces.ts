import { type Bytes, GapferryError } from '@gapferry/core';
import type { StreamedBody } from './http-client.ts';
import type { TripPurpose } from './trip-failure.ts';

/** What is handed over at once: a slow connection takes one in less time than counts as silence. */
const PIECE = 256 << 10;

/** The body in pieces of at most 256 KiB, `size` bytes in all (`SIZE_MISMATCH`). A piece is valid until the next one is asked for. The last one is held back until the source has ended: a wrong
 *  body is never sent to its end. */
export async function* exactPieces({ size, open }: StreamedBody, purpose: TripPurpose): Bytes {
  let given = 0;
  let last: Uint8Array | undefined;
  for await (const chunk of open()) {
    if (given + chunk.byteLength > size) throw wrongSize(purpose, size, `more than ${size}`);
    given += chunk.byteLength;
    const held = given === size && chunk.byteLength > 0 ? Math.min(PIECE, chunk.byteLength) : 0;
    const sure = chunk.byteLength - held;
    for (let from = 0; from < sure; from += PIECE) yield chunk.subarray(from, Math.min(from + PIECE, sure));
    // Not `slice`: that of a Buffer does not copy, and the source may use its chunk again.
    if (held > 0) last = Uint8Array.from(chunk.subarray(sure));
  }
  if (given < size) throw wrongSize(purpose, size, given);
  if (last !== undefined) yield last;
}

function wrongSize({ item, url }: TripPurpose, size: number, actual: number | string): GapferryError {
  return new GapferryError({
    code: 'SIZE_MISMATCH',
    message: `${item} has ${actual} bytes instead of ${size}; it was not sent to ${url.host}`,
    hint: 'what it is read from is damaged or changed meanwhile',
    data: { host: url.host, item, size, actual },
  });
}
