import { fileBlobs, lfsBlob } from '@gapferry/bundle';
import {
  type BlobStore,
  type Digest,
  digestOf,
  type Holding,
  type Pin,
  type Run,
  type SizedDigest,
  totalSize,
  uniqueByDigest,
} from '@gapferry/core';

/** What happened to one item while it was fetched. */
export interface CollectedItem {
  readonly kind: Pin['kind'];
  readonly id: string;
  /** `reused`: nothing of it came anew. */
  readonly outcome: 'fetched' | 'reused';
  /** Bytes that came into the depot, each hashed on its way. A blob that several items share counts for the one that brought it. */
  readonly fetchedBytes: number;
  /** Bytes that were there: in the depot, or brought by another item. */
  readonly reusedBytes: number;
  /** Trips that failed and were made again. */
  readonly retries: number;
}

/** Watches what one item's source does. */
export interface ItemTally {
  /** The same run and store, watched. */
  readonly run: Run;
  readonly store: BlobStore;
  result(holding: Holding): CollectedItem;
}

export function tallyItem({ kind, id }: Pin, store: BlobStore, run: Run): ItemTally {
  const came = new Map<Digest, number>();
  let retries = 0;
  return {
    run: {
      signal: run.signal,
      emit(event) {
        if (event.kind === 'retry') retries += 1;
        run.emit(event);
      },
    },
    store: {
      has: (blob, inner) => store.has(blob, inner),
      open: (blob, inner) => store.open(blob, inner),
      async put(expected, bytes, inner) {
        const outcome = await store.put(expected, bytes, inner);
        if (!outcome.reused) came.set(expected.digest, expected.size);
        return outcome;
      },
      async add(mediaType, bytes, inner) {
        const there = await store.has({ digest: digestOf(bytes), size: bytes.byteLength }, inner);
        const descriptor = await store.add(mediaType, bytes, inner);
        if (!there) came.set(descriptor.digest, descriptor.size);
        return descriptor;
      },
    },
    result(holding) {
      const blobs = uniqueByDigest(blobsIn(holding));
      const fetchedBytes = totalSize(blobs.filter(({ digest }) => came.has(digest)));
      const outcome = fetchedBytes > 0 ? 'fetched' : 'reused';
      return { kind, id, outcome, fetchedBytes, reusedBytes: totalSize(blobs) - fetchedBytes, retries };
    },
  };
}

function blobsIn(holding: Holding): readonly SizedDigest[] {
  if (holding.kind === 'git')
    return [holding.packs, (holding.pin.lfs ?? []).map(lfsBlob), holding.signed ?? []].flat();
  if (holding.kind !== 'file') return holding.blobs;
  return 'root' in holding ? [holding.root] : fileBlobs(holding.files);
}
