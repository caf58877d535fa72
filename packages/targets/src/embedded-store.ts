import type { BlobChecker, BlobReader, BlobWriter, Descriptor, Digest, Run } from '@gapferry/core';

/** What the embedded target needs of a depot. */
export interface EmbeddedStore extends BlobReader, BlobWriter, BlobChecker {
  /** Adds names, or moves them to another root, all in one step. The same names again write nothing. */
  nameItems(entries: readonly NamedRoot[], run: Run): Promise<void>;
  names(): Promise<readonly NamedRoot[]>;
}

/** A depot that can also take away. */
export interface PrunableStore extends EmbeddedStore {
  /** Entries of its index that have no name: somebody else's. */
  unnamed(): Promise<readonly Descriptor[]>;
  listReleases(): Promise<readonly unknown[]>;
  /** Removes names that stand at exactly these roots. */
  dropNames(entries: readonly NamedRoot[], run: Run): Promise<void>;
  /** Removes one blob; none there is fine. */
  discard(digest: Digest): Promise<void>;
}

export function isPrunable(store: EmbeddedStore): store is PrunableStore {
  return 'dropNames' in store && 'discard' in store;
}

/** A name for an image or a chart, and what it stands for. */
export interface NamedRoot {
  /** `docker.io/library/nginx:1.27.3`, or `docker.io/library/nginx@sha256:…` for what is only known by its digest. */
  readonly name: string;
  readonly root: Descriptor;
}
