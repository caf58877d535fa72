import {
  type BlobStore,
  type ByteSource,
  type Bytes,
  checkRun,
  type Digest,
  type Pour,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import PQueue from 'p-queue';
import { type BlobPlace, putFromPlaces } from './blob-places.ts';

/** Brings blobs into a store: so many at a time over everything it is asked for, and no blob twice at once. */
export interface BlobFetcher {
  fetch(
    blob: SizedDigest,
    bytes: BlobBytes,
    into: BlobStore,
    item: string,
    run: Run,
  ): Promise<{ readonly reused: boolean }>;
}

/** Where a blob's bytes come from: one source, or several places to be tried in order. */
export type BlobBytes = ByteSource | readonly BlobPlace[];

/** Below this a blob is small: its request takes longer than its bytes. */
const SMALL = 1 << 20;

/** Of the blobs that wait, over all images, the biggest goes first: it takes longest. Small ones have places of their own, so that no configuration waits behind a layer. */
export function createBlobFetcher(concurrency: number): BlobFetcher {
  const [large, small] = [new PQueue({ concurrency }), new PQueue({ concurrency })];
  // Whatever the store: several may stand before one depot, and who waited asks its own all the same.
  const running = new Map<Digest, Promise<unknown>>();
  return {
    async fetch(blob, bytes, into, item, run) {
      // The other one may have failed, for reasons of its own repository.
      while (running.has(blob.digest)) await running.get(blob.digest)?.catch(() => undefined);
      const queue = blob.size < SMALL ? small : large;
      const storing = queue.add(() => put(blob, bytes, into, item, run), { priority: blob.size });
      running.set(blob.digest, storing);
      try {
        return await storing;
      } finally {
        running.delete(blob.digest);
      }
    },
  };
}

/** Bytes that come over the wire are told by the HTTP client; the others are told here. */
async function put(
  blob: SizedDigest,
  bytes: BlobBytes,
  into: BlobStore,
  item: string,
  run: Run,
): Promise<{ readonly reused: boolean }> {
  checkRun(run);
  const told = (count: number): void => run.emit({ kind: 'bytes', item, bytes: count, reused: true });
  // Only what was there before: what the first place brought is told already when the next one goes on with it.
  let begun = false;
  const before = (from: number): void => {
    if (from > 0 && !begun) told(from);
    begun = true;
  };
  const { reused } =
    typeof bytes === 'function'
      ? await into.put(blob, telling(bytes, before), run)
      : await putFromPlaces(blob, bytes.map(tellingPlace(before)), into, run);
  if (reused) told(blob.size);
  return { reused };
}

function tellingPlace(before: (from: number) => void): (place: BlobPlace) => BlobPlace {
  return (place) => ({ ...place, bytes: telling(place.bytes, before) });
}

/** What an earlier run has left counts as reused, however the rest comes. */
function telling(bytes: ByteSource, before: (from: number) => void): ByteSource {
  const read = (from: number): Bytes => {
    before(from);
    return bytes(from);
  };
  const { pour } = bytes;
  if (pour === undefined) return read;
  const tellingPour: Pour = async (into, run) => {
    const poured = await pour(into, run);
    if (poured !== undefined) before(into.from);
    return poured;
  };
  return Object.assign(read, { pour: tellingPour });
}
