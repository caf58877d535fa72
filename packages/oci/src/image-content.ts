import type { Descriptor, Run } from '@gapferry/core';
import type { BlobBytes } from './blob-fetcher.ts';
import type { NamedBlob } from './blob-places.ts';
import type { OciClient } from './oci-client.ts';

/** Where the content of one image is read: a repository of a registry, or a place on this machine. */
export interface ImageContent {
  /** The bytes of a manifest or index, checked against digest, size and media type; at most 4 MiB. */
  manifest(descriptor: Descriptor, run: Run): Promise<Uint8Array>;
  /** A blob's bytes, not checked: the writer checks. */
  blob(blob: NamedBlob, run: Run): BlobBytes;
}

/** `repository`: host/path. */
export function registryContent(client: OciClient, repository: string): ImageContent {
  return {
    manifest: (descriptor, run) => client.manifest(repository, descriptor, run),
    blob: (blob, run) => client.blob(repository, blob, run),
  };
}
