import type { Digest } from '@gapferry/core';
import type { Content } from '../content/content.ts';

export interface StoredManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** One repository's own view: a blob that another repository holds is not visible here until it is pushed or mounted. */
export interface Repository {
  readonly blobs: Map<Digest, Content>;
  readonly manifests: Map<Digest, StoredManifest>;
  readonly tags: Map<string, Digest>;
}
