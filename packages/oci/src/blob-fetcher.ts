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
import pLimit from 'p-limit';

/** Brings blobs into a store: so many at a time over everything it is asked for, and no blob twice at once. */
export interface BlobFetcher {
  fetch(
    blob: SizedDigest,
    bytes: ByteSource,
    into: BlobStore,
    item: string,
    run: Run,
  ): Promise<{ readonly reused: boolean }>;
}

export function createBlobFetcher(concurrency: number): BlobFetcher {
  const limit = pLimit(concurrency);
  const underway = new WeakMap<BlobStore, Map<Digest, Promise<unknown>>>();
  return {
    async fetch(blob, bytes, into, item, run) {
      const running = underway.get(into) ?? new Map<Digest, Promise<unknown>>();
      underway.set(into, running);
      // Who waited asks the store all the same: the other one may have failed, for reasons of its own repository.
      while (running.has(blob.digest)) await running.get(blob.digest)?.catch(() => undefined);
      const storing = limit(() => put(blob, bytes, into, item, run));
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
  bytes: ByteSource,
  into: BlobStore,
  item: string,
  run: Run,
): Promise<{ readonly reused: boolean }> {
  checkRun(run);
  const told = (count: number): void => run.emit({ kind: 'bytes', item, bytes: count, reused: true });
  const read = (from: number): Bytes => {
    if (from > 0) told(from);
    return bytes(from);
  };
  const { pour } = bytes;
  const source: ByteSource =
    pour === undefined ? read : Object.assign(read, { pour: tellingPour(pour, told) });
  const { reused } = await into.put(blob, source, run);
  if (reused) told(blob.size);
  return { reused };
}

/** What an earlier run has left counts as reused, however the rest comes. */
function tellingPour(pour: Pour, told: (count: number) => void): Pour {
  return async (into, run) => {
    const poured = await pour(into, run);
    if (poured !== undefined && into.from > 0) told(into.from);
    return poured;
  };
}
