import {
  type BlobChecker,
  type BlobReader,
  type Bytes,
  type Digest,
  GapferryError,
  type Run,
  type SizedDigest,
} from '@gapferry/core';

/** A medium that remembers which of its blobs were read whole and found right. Every part of an import that leaves blobs pending reads through the same one. */
export interface ProvingMedium extends BlobReader, BlobChecker {
  readonly proven: ReadonlySet<Digest>;
}

/** Wraps what an import reads blobs from. Everything else of `medium` stays as it is. */
export function provingMedium<M extends BlobReader & BlobChecker>(medium: M): M & ProvingMedium {
  const proven = new Set<Digest>();
  return {
    ...medium,
    proven,
    open: (blob, run) => {
      const bytes = medium.open(blob, run);
      return proven.has(blob.digest) ? bytes : provenAtItsEnd(bytes, blob, proven);
    },
    check: async (blobs: readonly SizedDigest[], run: Run) => {
      const findings = await medium.check(blobs, run);
      for (const digest of findings.good) proven.add(digest);
      return findings;
    },
  };
}

/** A blob reader hands out its end only when digest and size are right. */
async function* provenAtItsEnd(bytes: Bytes, { digest }: SizedDigest, proven: Set<Digest>): Bytes {
  yield* bytes;
  proven.add(digest);
}

/** Guards against one part of an import that reads past the others. Throws `INTERNAL`. */
export function requireProving(medium: BlobReader): ProvingMedium {
  if ('proven' in medium && 'check' in medium) return medium as ProvingMedium;
  throw new GapferryError({
    code: 'INTERNAL',
    message: 'a release with blobs that are still to be proven is not read through provingMedium',
  });
}
