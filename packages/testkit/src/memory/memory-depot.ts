import type { Descriptor, Run } from '@gapferry/core';
import { type MemoryBlobStore, memoryBlobStore } from './memory-blob-store.ts';
import { type MemoryReleases, memoryReleases } from './memory-releases.ts';

export interface MemoryDepot extends MemoryBlobStore, MemoryReleases {
  /** What `nameItems` was told: name → digest. */
  readonly named: ReadonlyMap<string, string>;
  nameItems(
    entries: ReadonlyArray<{ readonly name: string; readonly root: Descriptor }>,
    run: Run,
  ): Promise<void>;
}

/** Blobs, releases and names in memory, as one object like the real depot. */
export function memoryDepot(): MemoryDepot {
  const named = new Map<string, string>();
  return {
    ...memoryBlobStore(),
    ...memoryReleases(),
    named,
    async nameItems(entries) {
      for (const { name, root } of entries) named.set(name, root.digest);
    },
  };
}
