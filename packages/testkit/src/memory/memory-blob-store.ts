import {
  type BlobChecker,
  type BlobFinding,
  type BlobStore,
  type ByteSource,
  type Bytes,
  checkRun,
  type Digest,
  digestOf,
  GapferryError,
  isGapferryError,
  type Run,
  type SizedDigest,
  verifiedBytes,
} from '@gapferry/core';

export interface MemoryBlobStore extends BlobStore, BlobChecker {
  /** What is stored, by digest: change it to damage the store. */
  readonly blobs: Map<Digest, Uint8Array>;
  /** Beginnings of blobs whose trip failed. */
  readonly partial: ReadonlyMap<Digest, Uint8Array>;
}

const CHUNK = 65_536;

/** A blob store with the real one's rules, in memory: verified on the way in and on the way out, and a failed trip is continued. */
export function memoryBlobStore(): MemoryBlobStore {
  const blobs = new Map<Digest, Uint8Array>();
  const partial = new Map<Digest, Uint8Array>();
  const underway = new Map<Digest, Promise<unknown>>();
  const has = (blob: SizedDigest): boolean => blobs.get(blob.digest)?.byteLength === blob.size;
  return {
    blobs,
    partial,
    has: async (blob, run) => {
      checkRun(run);
      return has(blob);
    },
    open: (blob, run) => openBlob(blobs, blob, run),
    put: async (expected, source, run) => {
      checkRun(run);
      // Whoever comes second waits, and takes over where the first one failed.
      while (underway.has(expected.digest)) await underway.get(expected.digest);
      if (has(expected)) return { reused: true };
      const receiving = receive(expected, source, partial, run);
      const settled = receiving.then(
        (bytes) => void blobs.set(expected.digest, bytes),
        () => {},
      );
      underway.set(expected.digest, settled);
      await settled;
      underway.delete(expected.digest);
      await receiving;
      return { reused: false };
    },
    add: async (mediaType, bytes, run) => {
      checkRun(run);
      const digest = digestOf(bytes);
      if (!blobs.has(digest)) blobs.set(digest, Uint8Array.from(bytes));
      return { mediaType, digest, size: bytes.byteLength };
    },
    check: async (wanted, run) => checkBlobs(blobs, wanted, run),
  };
}

async function* openBlob(blobs: ReadonlyMap<Digest, Uint8Array>, blob: SizedDigest, run: Run): Bytes {
  checkRun(run);
  const bytes = blobs.get(blob.digest);
  if (bytes === undefined)
    throw new GapferryError({
      code: 'BLOB_MISSING',
      message: `blob ${blob.digest} is not in the memory store`,
    });
  for await (const chunk of verifiedBytes(blob, inChunks(bytes), { place: 'the memory store' })) {
    yield chunk;
    checkRun(run);
  }
}

async function* inChunks(bytes: Uint8Array): Bytes {
  for (let at = 0; at < bytes.byteLength; at += CHUNK) yield bytes.subarray(at, at + CHUNK);
}

/** A failed trip leaves what came; wrong bytes leave nothing, and a wrong beginning is fetched again. */
async function receive(
  expected: SizedDigest,
  source: ByteSource,
  partial: Map<Digest, Uint8Array>,
  run: Run,
): Promise<Uint8Array> {
  const begun = partial.get(expected.digest) ?? new Uint8Array();
  partial.delete(expected.digest);
  const chunks: Uint8Array[] = [begun];
  try {
    return await collectVerified(expected, withBeginning(begun, source, chunks, run));
  } catch (error) {
    const wrong = isGapferryError(error, 'DIGEST_MISMATCH') || isGapferryError(error, 'SIZE_MISMATCH');
    if (!wrong) partial.set(expected.digest, Buffer.concat(chunks));
    else if (begun.byteLength > 0) return receive(expected, source, partial, run);
    throw error;
  }
}

async function* withBeginning(begun: Uint8Array, source: ByteSource, chunks: Uint8Array[], run: Run): Bytes {
  yield begun;
  for await (const chunk of source(begun.byteLength)) {
    checkRun(run);
    const own = Uint8Array.from(chunk);
    chunks.push(own);
    yield own;
  }
}

async function collectVerified(expected: SizedDigest, bytes: Bytes): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of verifiedBytes(expected, bytes, { place: 'the bytes received' }))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

function checkBlobs(
  blobs: ReadonlyMap<Digest, Uint8Array>,
  wanted: readonly SizedDigest[],
  run: Run,
): { good: Set<Digest>; bad: BlobFinding[] } {
  const good = new Set<Digest>();
  const bad: BlobFinding[] = [];
  for (const blob of wanted) {
    checkRun(run);
    const finding = judge(blobs.get(blob.digest), blob);
    if (finding === undefined) good.add(blob.digest);
    else bad.push({ digest: blob.digest, size: blob.size, ...finding });
  }
  return { good, bad };
}

function judge(
  bytes: Uint8Array | undefined,
  blob: SizedDigest,
): Pick<BlobFinding, 'state' | 'detail'> | undefined {
  if (bytes === undefined) return { state: 'missing', detail: 'is not there' };
  if (bytes.byteLength !== blob.size)
    return { state: 'damaged', detail: `has ${bytes.byteLength} bytes instead of ${blob.size}` };
  const actual = digestOf(bytes);
  return actual === blob.digest ? undefined : { state: 'damaged', detail: `has ${actual} instead` };
}
