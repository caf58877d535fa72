import type { BlobReader, Descriptor } from '@gapferry/core';

/** What `serve` needs of a depot: verified blobs, and the names of images and charts. */
export interface ServedStore extends BlobReader {
  /** `docker.io/library/nginx:1.27.3`, or `…@sha256:…` for what is only known by its digest, and what each stands for. */
  names(): Promise<readonly { readonly name: string; readonly root: Descriptor }[]>;
}

/** What is served. The two directories may be absent. */
export interface ServedContentRoots {
  readonly store: ServedStore;
  /** Bare repositories, `<host>/<path>.git`. */
  readonly gitRoot: string;
  readonly filesRoot: string;
  /** Below each repository, the list of blobs that are its Git LFS objects: lines of `<64 hex digits> <bytes>`. Absent: none are served. */
  readonly lfsListing?: string;
}
