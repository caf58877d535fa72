import type { BlobChecker, BlobReader, BlobWriter, Descriptor, Run } from '@gapferry/core';

/** What the embedded target needs of a depot. */
export interface EmbeddedStore extends BlobReader, BlobWriter, BlobChecker {
  /** Adds names, or moves them to another root, all in one step. The same names again write nothing. */
  nameItems(entries: readonly NamedRoot[], run: Run): Promise<void>;
  names(): Promise<readonly NamedRoot[]>;
}

/** A name for an image or a chart, and what it stands for. */
export interface NamedRoot {
  /** `docker.io/library/nginx:1.27.3`, or `docker.io/library/nginx@sha256:…` for what is only known by its digest. */
  readonly name: string;
  readonly root: Descriptor;
}
