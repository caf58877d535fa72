import type { Bytes } from './blobs.ts';
import type { SizedDigest } from './descriptor.ts';
import { type Digest, sha256 } from './digest.ts';
import { type ErrorOrigin, GapferryError } from './errors.ts';

export interface VerifyOptions {
  readonly origin?: ErrorOrigin;
  /** Where the bytes come from, for the error: a path, a host. */
  readonly place?: string;
}

/** Passes bytes through and checks size and sha256 on the way. The last chunk is delivered only after both are right and nothing follows it, so that a consumer
 *  that saw the end saw the right bytes. Throws `SIZE_MISMATCH` or `DIGEST_MISMATCH` (never retryable). */
export async function* verifiedBytes(
  expected: SizedDigest,
  bytes: Bytes,
  options: VerifyOptions = {},
): Bytes {
  const hash = sha256();
  let seen = 0;
  let last: Uint8Array | undefined;
  for await (const chunk of bytes) {
    if (chunk.byteLength === 0) continue;
    seen += chunk.byteLength;
    if (seen > expected.size) throw sizeMismatch(expected, `more than ${expected.size}`, options);
    hash.update(chunk);
    if (seen < expected.size) yield chunk;
    // Not `slice`: that of a Buffer does not copy, and the producer may use its chunk again.
    else last = Uint8Array.from(chunk);
  }
  if (seen !== expected.size) throw sizeMismatch(expected, String(seen), options);
  requireDigest(expected, hash.digest(), options);
  if (last !== undefined) yield last;
}

/** Reads a whole small byte string into memory, verified. `expected.size` must already have been judged against a limit by the caller. */
export async function readVerified(
  expected: SizedDigest,
  bytes: Bytes,
  options: VerifyOptions = {},
): Promise<Uint8Array> {
  const whole = new Uint8Array(expected.size);
  let at = 0;
  for await (const chunk of verifiedBytes(expected, bytes, options)) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** Throws `DIGEST_MISMATCH`, naming both digests, unless they are equal. */
export function requireDigest(expected: SizedDigest, actual: Digest, options: VerifyOptions = {}): void {
  if (actual === expected.digest) return;
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `blob ${expected.digest}${at(options)} has other content: its sha256 is ${actual}`,
    hint: 'these bytes were changed or damaged; nothing of them is used',
    ...(options.origin && { origin: options.origin }),
    data: { expected: expected.digest, actual, place: options.place },
  });
}

function sizeMismatch(expected: SizedDigest, actual: string, options: VerifyOptions): GapferryError {
  return new GapferryError({
    code: 'SIZE_MISMATCH',
    message: `blob ${expected.digest}${at(options)} has ${actual} bytes instead of ${expected.size}`,
    hint: 'these bytes were cut, changed or damaged; nothing of them is used',
    ...(options.origin && { origin: options.origin }),
    data: { expected: expected.digest, size: expected.size, actual, place: options.place },
  });
}

function at(options: VerifyOptions): string {
  return options.place === undefined ? '' : ` in ${options.place}`;
}
