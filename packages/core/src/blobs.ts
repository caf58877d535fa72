import type { Descriptor, SizedDigest } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { Run } from './run.ts';

/** Bytes in chunks. A chunk may be reused by its producer: it is valid only until the next one is asked for. */
export type Bytes = AsyncIterable<Uint8Array>;

/** Opens a byte string at an offset, so that a writer that already has a beginning asks only for the rest.
 *  May be called more than once. A source that cannot seek reads from 0 and drops the beginning itself. */
export interface ByteSource {
  (from: number): Bytes;
  /** Another way to the same bytes, for those that are many: a source that has it writes them by itself, in a thread of its own, and spares their way through this one. */
  readonly pour?: Pour;
}

/** Appends the rest of the byte string to an open file and hashes what is there and what comes, once. Undefined: it cannot be done this way now, and the caller reads instead from where the
 *  file ends then. Throws what reading would throw, and the system's own error (`code`, `syscall`) when the file cannot be written; what was written stays, from the beginning and without gaps.
 *  The file is not touched any more when it returns or throws, so that it can be closed. The caller checks the digest. */
export type Pour = (into: PourFile, run: Run) => Promise<Poured | undefined>;

export interface PourFile {
  /** Open for reading and writing. */
  readonly fd: number;
  /** Bytes that the file has: the beginning of the byte string. */
  readonly from: number;
}

export interface Poured {
  /** Of the whole file. */
  readonly digest: Digest;
  /** Bytes of the whole file. */
  readonly size: number;
}

/** Verified reading. No byte leaves a BlobReader unverified: digest and size are checked inside the stream, and the last chunk is held back until they are. */
export interface BlobReader {
  /** Is a blob of this digest and this size here? Looks at presence and size only, never at content. */
  has(blob: SizedDigest, run: Run): Promise<boolean>;
  /** Ends with `DIGEST_MISMATCH` or `SIZE_MISMATCH` instead of its last chunk when the bytes are wrong; throws `BLOB_MISSING` when there is none. */
  open(blob: SizedDigest, run: Run): Bytes;
}

export interface BlobWriter {
  /** Stores the bytes under their digest, once, atomically; a blob that is there already is not asked for.
   *  Throws `DIGEST_MISMATCH` or `SIZE_MISMATCH` and keeps nothing when the bytes are wrong; keeps the beginning when the trip failed, so that the next
   *  `put` of the same blob asks only for the rest. `reused`: it was there and nothing was written. */
  put(expected: SizedDigest, bytes: ByteSource, run: Run): Promise<{ readonly reused: boolean }>;
  /** Stores small bytes whose digest is not known yet (a computed index, a list of refs). */
  add(mediaType: string, bytes: Uint8Array, run: Run): Promise<Descriptor>;
}

export type BlobStore = BlobReader & BlobWriter;

/** Hashes blobs where they lie, as fast as the machine can. */
export interface BlobChecker {
  /** Reads and hashes every blob, given in the order in which they will be read again, so that what fits stays in the page cache until then; never throws for a bad one: the finding says what is wrong with it. Throws for what stops everything (the medium is gone). */
  check(blobs: readonly SizedDigest[], run: Run): Promise<BlobFindings>;
}

export interface BlobFindings {
  /** Digests whose bytes were read and are right. */
  readonly good: ReadonlySet<Digest>;
  readonly bad: readonly BlobFinding[];
}

export interface BlobFinding extends SizedDigest {
  readonly state: 'missing' | 'damaged' | 'unreadable';
  /** One clause for people: `has sha256:… instead`, `has 12 bytes instead of 40`, `read error at 4096`. */
  readonly detail: string;
}
