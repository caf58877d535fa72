import type { Descriptor } from '@gapferry/core';

/** Bytes of manifests that were read and checked a moment ago, per repository: what resolving has read, fetching does not ask for again. Forgets the oldest. */
export interface ManifestMemory {
  get(repository: string, descriptor: Descriptor): Uint8Array | undefined;
  keep(repository: string, descriptor: Descriptor, bytes: Uint8Array): void;
}

export function createManifestMemory(mostBytes: number): ManifestMemory {
  const kept = new Map<string, Uint8Array>();
  let total = 0;
  const keyOf = (repository: string, { mediaType, digest, size }: Descriptor): string =>
    `${repository} ${digest} ${size} ${mediaType}`;
  return {
    get: (repository, descriptor) => kept.get(keyOf(repository, descriptor)),
    keep(repository, descriptor, bytes) {
      const key = keyOf(repository, descriptor);
      if (kept.has(key) || bytes.byteLength > mostBytes) return;
      kept.set(key, bytes);
      total += bytes.byteLength;
      for (const [oldest, { byteLength }] of kept) {
        if (total <= mostBytes) break;
        kept.delete(oldest);
        total -= byteLength;
      }
    },
  };
}
