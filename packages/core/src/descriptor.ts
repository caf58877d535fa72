import type { Digest } from './digest.ts';

/** The least that names bytes: their digest and their size in bytes. */
export interface SizedDigest {
  readonly digest: Digest;
  /** Bytes, a safe integer ≥ 0. */
  readonly size: number;
}

/** An OCI content descriptor (OCI image-spec, descriptor.md), reduced to what gapferry uses. */
export interface Descriptor extends SizedDigest {
  readonly mediaType: string;
}

/** Byte order of the digest: the order in which gapferry writes every list of blobs. */
export function byDigest(a: SizedDigest, b: SizedDigest): number {
  return a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0;
}

/** One entry per digest, sorted. Throws nothing: equal digests with two sizes are found by `checkManifest`. */
export function uniqueByDigest<D extends SizedDigest>(descriptors: Iterable<D>): D[] {
  const seen = new Map<Digest, D>();
  for (const descriptor of descriptors)
    if (!seen.has(descriptor.digest)) seen.set(descriptor.digest, descriptor);
  return [...seen.values()].sort(byDigest);
}

export function totalSize(descriptors: Iterable<SizedDigest>): number {
  let total = 0;
  for (const { size } of descriptors) total += size;
  return total;
}
