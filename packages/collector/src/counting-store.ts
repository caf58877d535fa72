import { type Manifest, type Packs, releaseBlobs } from '@gapferry/bundle';
import { type BlobStore, type Digest, digestOf, totalSize } from '@gapferry/core';
import type { CollectTotals } from './request.ts';

/** A blob store that remembers what came into it and was not there before. */
export interface CountingStore extends BlobStore {
  totalsOf(release: { readonly manifest: Manifest; readonly packs: Packs | undefined }): CollectTotals;
}

export function countingStore(store: BlobStore): CountingStore {
  const fetched = new Set<Digest>();
  return {
    has: (blob, run) => store.has(blob, run),
    open: (blob, run) => store.open(blob, run),
    async put(expected, bytes, run) {
      const outcome = await store.put(expected, bytes, run);
      if (!outcome.reused) fetched.add(expected.digest);
      return outcome;
    },
    async add(mediaType, bytes, run) {
      const there = await store.has({ digest: digestOf(bytes), size: bytes.byteLength }, run);
      const descriptor = await store.add(mediaType, bytes, run);
      if (!there) fetched.add(descriptor.digest);
      return descriptor;
    },
    totalsOf({ manifest, packs }) {
      const blobs = releaseBlobs(manifest, packs);
      const bytes = totalSize(blobs);
      const fetchedBytes = totalSize(blobs.filter(({ digest }) => fetched.has(digest)));
      return {
        items: manifest.items.length,
        blobs: blobs.length,
        bytes,
        fetchedBytes,
        reusedBytes: bytes - fetchedBytes,
      };
    },
  };
}
