import { dirname } from 'node:path';
import {
  type BlobWriter,
  type ByteSource,
  checkRun,
  type Digest,
  digestOf,
  GapferryError,
  isGapferryError,
  type Poured,
  parseDigest,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import {
  type DepotPlace,
  factsOf,
  layoutInvalid,
  removeFile,
  requireWritable,
  syncDirectory,
  trouble,
} from './depot-place.ts';
import { createGroupedSync } from './grouped-sync.ts';
import { blobPath, partPath } from './layout.ts';
import { openPart, type Part } from './part.ts';
import { pourPart } from './poured-part.ts';

/** Writes the blobs of a depot: into `tmp/<hex>.part`, hashed on the way, synced, renamed, directory synced. A part that stays behind is continued by the next put.
 *  One process writes to a depot at a time (the caller holds its lock); inside the process any number of puts may run. */
export function createBlobWriter(place: DepotPlace): BlobWriter {
  const underway = new Map<Digest, Promise<unknown>>();
  const syncNames = createGroupedSync((directory) => syncDirectory(place, directory));
  const put: BlobWriter['put'] = async (expected, bytes, run) => {
    requireWritable(place);
    const digest = parseDigest(expected.digest);
    for (let other = underway.get(digest); other !== undefined; other = underway.get(digest))
      await settled(other, run);
    const writing = store(place, expected, bytes, run, syncNames);
    underway.set(digest, writing);
    try {
      return { reused: await writing };
    } finally {
      underway.delete(digest);
    }
  };
  return {
    put,
    async add(mediaType, bytes, run) {
      const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
      await put(descriptor, (from) => once(bytes.subarray(from)), run);
      return descriptor;
    },
  };
}

/** Waits for another put of the same blob, however it ends, but not longer than the run lives. */
async function settled(other: Promise<unknown>, run: Run): Promise<void> {
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const stop = () => resolve();
  run.signal.addEventListener('abort', stop, { once: true });
  try {
    checkRun(run);
    await Promise.race([other.catch(() => {}), stopped]);
    checkRun(run);
  } finally {
    run.signal.removeEventListener('abort', stop);
  }
}

type SyncNames = (directory: string) => Promise<void>;

/** Returns whether the blob was there already. */
async function store(
  place: DepotPlace,
  expected: SizedDigest,
  bytes: ByteSource,
  run: Run,
  syncNames: SyncNames,
): Promise<boolean> {
  checkRun(run);
  const path = blobPath(place.directory, expected.digest);
  if (await isThere(place, path, expected)) return true;
  if (!(await poured(place, expected, bytes, run))) {
    const continued = await writePart(place, expected, bytes, run);
    if (continued === 'damaged-part') await writePart(place, expected, bytes, run);
  }
  await place.files.rename(partPath(place.directory, expected.digest), path).catch((error: unknown) => {
    throw trouble(place, 'rename to', path, error);
  });
  await syncNames(dirname(path));
  return false;
}

/** Did the source write the part by itself? */
async function poured(
  place: DepotPlace,
  expected: SizedDigest,
  { pour }: ByteSource,
  run: Run,
): Promise<boolean> {
  if (pour === undefined) return false;
  const wrong = ({ digest, size }: Poured): GapferryError =>
    size === expected.size ? mismatch(expected, digest) : wrongSize(expected, String(size));
  const outcome = await pourPart(place, expected, pour, wrong, run);
  if (outcome !== 'damaged-part') return outcome === 'written';
  return (await pourPart(place, expected, pour, wrong, run)) === 'written';
}

/** A file of another size and a link give way to the right blob; a directory under its name is nothing gapferry made. */
async function isThere(place: DepotPlace, path: string, { size }: SizedDigest): Promise<boolean> {
  const facts = await factsOf(place, path);
  if (facts?.isDirectory()) throw layoutInvalid(place, `${path} is a directory where a blob belongs`);
  return facts?.isFile() === true && facts.size === size;
}

/** Leaves a complete, right, synced part behind. `damaged-part`: the beginning that an earlier trip had left was wrong (lost power can do that); it is gone and the blob must be asked for from 0. */
async function writePart(
  place: DepotPlace,
  expected: SizedDigest,
  bytes: ByteSource,
  run: Run,
): Promise<'written' | 'damaged-part'> {
  const part = await openPart(place, expected, run);
  let keep = true;
  try {
    await receive(part, expected, bytes, run);
    const actual = part.digest();
    keep = actual === expected.digest;
    if (!keep && part.resumedAt > 0) return 'damaged-part';
    if (!keep) throw mismatch(expected, actual);
    await part.sync();
    return 'written';
  } catch (error) {
    if (isWrongData(error)) keep = false;
    throw error;
  } finally {
    await part.close();
    if (!keep) await removeFile(place, part.path);
  }
}

/** Appends what the source gives. When the trip fails, what came before is written first, so that the next one asks only for the rest. */
async function receive(part: Part, expected: SizedDigest, bytes: ByteSource, run: Run): Promise<void> {
  if (part.size < expected.size || expected.size === 0) {
    try {
      for await (const chunk of bytes(part.size)) {
        checkRun(run);
        if (part.size + chunk.byteLength > expected.size)
          throw wrongSize(expected, `more than ${expected.size}`);
        await part.append(chunk);
      }
    } catch (error) {
      if (!isWrongData(error)) await part.flush().catch(() => {});
      throw error;
    }
  }
  await part.flush();
  if (part.size !== expected.size) throw wrongSize(expected, String(part.size));
}

function isWrongData(error: unknown): boolean {
  return isGapferryError(error) && error.category === 'integrity';
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes;
}

/** Without an origin: whoever gave the bytes knows which side that was. */
function mismatch(expected: SizedDigest, actual: Digest): GapferryError {
  return new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `what came for blob ${expected.digest} has other content: its sha256 is ${actual}`,
    hint: 'the source gave wrong or damaged bytes; nothing of them was kept',
    data: { expected: expected.digest, actual },
  });
}

function wrongSize(expected: SizedDigest, actual: string): GapferryError {
  return new GapferryError({
    code: 'SIZE_MISMATCH',
    message: `what came for blob ${expected.digest} has ${actual} bytes instead of ${expected.size}`,
    hint: 'the source gave wrong or cut bytes; nothing of them was kept',
    data: { expected: expected.digest, size: expected.size, actual },
  });
}
