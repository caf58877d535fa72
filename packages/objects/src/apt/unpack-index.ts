import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Bytes, GapferryError, isGapferryError } from '@gapferry/core';

/** An index as it lies in a repository. */
export interface PackedIndex {
  /** Its path, for messages and for how it is packed. */
  readonly path: string;
  /** Bytes when it is unpacked, where they are known. */
  readonly size: number | undefined;
}

/** The most bytes that an index may have when it is unpacked. */
const UNPACKED_LIMIT = 2 ** 30;

/** Unpacks an index. Throws `CONTENT_INVALID` where it cannot be, `SIZE_MISMATCH`, `LIMIT_EXCEEDED`, and what reading throws. */
export async function* unpackIndex({ path, size }: PackedIndex, packed: Bytes): Bytes {
  let seen = 0;
  for await (const chunk of unpacked(path, packed)) {
    seen += chunk.byteLength;
    if (seen > Math.min(size ?? UNPACKED_LIMIT, UNPACKED_LIMIT)) throw tooLarge(path, size);
    yield chunk;
  }
  if (size !== undefined && seen !== size)
    throw new GapferryError({
      code: 'SIZE_MISMATCH',
      message: `${path} unpacks to ${seen} bytes; the Release file says ${size}`,
      origin: 'source',
      data: { path, expected: size, actual: seen },
    });
}

async function* unpacked(path: string, packed: Bytes): Bytes {
  const [, form] = /\.(gz|xz)$/.exec(path) ?? [];
  if (form === undefined) {
    yield* packed;
    return;
  }
  try {
    yield* form === 'gz' ? gunzip(packed) : unxz(packed);
  } catch (cause) {
    if (isGapferryError(cause)) throw cause;
    throw new GapferryError({
      code: 'CONTENT_INVALID',
      message: `${path} cannot be unpacked: ${cause instanceof Error ? cause.message : String(cause)}`,
      origin: 'source',
      data: { path },
      cause,
    });
  }
}

async function* gunzip(packed: Bytes): Bytes {
  const stream = createGunzip();
  const feeding = pipeline(copies(packed), stream);
  // Told by the reading below.
  feeding.catch(() => {});
  yield* stream;
  await feeding;
}

/** Node has no xz, and what some suites of Debian have is nothing else. */
async function* unxz(packed: Bytes): Bytes {
  const { default: xz } = await import('xz-decompress');
  yield* new xz.XzReadableStream(ReadableStream.from(copies(packed)) as ReadableStream<Uint8Array>);
}

/** A chunk is valid only until the next one is asked for, and a stream keeps several. */
async function* copies(bytes: Bytes): Bytes {
  for await (const chunk of bytes) yield Uint8Array.from(chunk);
}

function tooLarge(path: string, size: number | undefined): GapferryError {
  return size === undefined || size > UNPACKED_LIMIT
    ? new GapferryError({
        code: 'LIMIT_EXCEEDED',
        message: `${path} unpacks to more than ${UNPACKED_LIMIT} bytes`,
        origin: 'source',
      })
    : new GapferryError({
        code: 'SIZE_MISMATCH',
        message: `${path} unpacks to more than the ${size} bytes that the Release file says`,
        origin: 'source',
        data: { path, expected: size },
      });
}
