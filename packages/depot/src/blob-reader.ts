import {
  type BlobReader,
  type Bytes,
  checkRun,
  GapferryError,
  type Run,
  type SizedDigest,
  verifiedBytes,
} from '@gapferry/core';
import { type DepotPlace, factsOf, openRegular, trouble } from './depot-place.ts';
import type { OpenFile } from './file-system.ts';
import { blobPath } from './layout.ts';
import { requirePresent } from './medium-gone.ts';

/** Bytes of one read or write: small enough that what was read is still in the processor's cache when it is hashed and written. */
export const CHUNK_SIZE: number = 256 << 10;

/** Reads the blobs of a depot: regular files only, no link followed, size checked before the first byte, digest before the last. */
export function createBlobReader(place: DepotPlace): BlobReader {
  return {
    async has(blob, run) {
      checkRun(run);
      return holds(place, blob);
    },
    open: (blob, run) => openBlob(place, blob, run),
  };
}

export async function holds(place: DepotPlace, blob: SizedDigest): Promise<boolean> {
  const facts = await factsOf(place, blobPath(place.directory, blob.digest));
  return facts?.isFile() === true && facts.size === blob.size;
}

async function* openBlob(place: DepotPlace, blob: SizedDigest, run: Run): Bytes {
  checkRun(run);
  const path = blobPath(place.directory, blob.digest);
  const opened = await openRegular(place, path);
  if (opened === undefined) {
    await requirePresent(place);
    throw missing(place, blob);
  }
  try {
    if (opened.facts.size !== blob.size) throw wrongSize(place, blob, opened.facts.size);
    const bytes = readAhead(place, opened.file, path, blob.size, run);
    yield* verifiedBytes(blob, bytes, { origin: place.origin, place: path });
  } finally {
    await opened.file.close();
  }
}

/** Chunks of a file, the next one being read while one is used. A chunk lives until the next one is asked for. */
async function* readAhead(place: DepotPlace, file: OpenFile, path: string, size: number, run: Run): Bytes {
  const length = Math.max(1, Math.min(size, CHUNK_SIZE));
  let [current, spare] = [new Uint8Array(length), new Uint8Array(length)];
  let position = 0;
  let reading = startReading(file, current, position);
  try {
    while (position < size) {
      checkRun(run);
      const bytesRead = await reading;
      if (bytesRead === 0) return;
      position += bytesRead;
      const chunk = current.subarray(0, bytesRead);
      [current, spare] = [spare, current];
      if (position < size) reading = startReading(file, current, position);
      yield chunk;
    }
  } catch (error) {
    throw trouble(place, `read at ${position} in`, path, error);
  } finally {
    // The file may only be closed when nothing is being read from it any more.
    await reading.catch(() => {});
  }
}

function startReading(file: OpenFile, buffer: Uint8Array, position: number): Promise<number> {
  const reading = file.read(buffer, 0, buffer.byteLength, position).then(({ bytesRead }) => bytesRead);
  // Awaited later; until then a failure is not "unhandled".
  reading.catch(() => {});
  return reading;
}

function missing(place: DepotPlace, blob: SizedDigest): GapferryError {
  return new GapferryError({
    code: 'BLOB_MISSING',
    message: `blob ${blob.digest} is not in ${place.directory}`,
    hint:
      place.origin === 'medium'
        ? 'the medium is not complete; export again'
        : 'collect again: what is there is not fetched twice',
    origin: place.origin,
    data: { digest: blob.digest, size: blob.size, place: place.directory },
  });
}

function wrongSize(place: DepotPlace, blob: SizedDigest, actual: number): GapferryError {
  return new GapferryError({
    code: 'SIZE_MISMATCH',
    message: `blob ${blob.digest} in ${place.directory} has ${actual} bytes instead of ${blob.size}`,
    hint: 'these bytes were cut, changed or damaged; nothing of them is used',
    origin: place.origin,
    data: { expected: blob.digest, size: blob.size, actual, place: place.directory },
  });
}
