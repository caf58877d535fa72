import {
  type BlobFinding,
  type BlobFindings,
  type BlobReader,
  type ByteSource,
  type Bytes,
  type ContentLoad,
  GapferryError,
  inLanes,
  type LoadOutcome,
  type Presence,
  type Run,
  type SizedDigest,
  totalSize,
  uniqueByDigest,
} from '@gapferry/core';
import type { EmbeddedStore } from './embedded-store.ts';

/** A content load that consists of blobs. */
export type BlobLoad = Exclude<ContentLoad, { kind: 'git' }>;

/** Of a repository those that Git LFS keeps. */
export function blobsOf(load: ContentLoad): readonly SizedDigest[] {
  if (load.kind === 'git') return load.lfs ?? [];
  return uniqueByDigest(
    load.kind === 'oci' ? [...load.blobs, load.root] : load.files.map(({ root }) => root),
  );
}

export async function inspectBlobs(store: EmbeddedStore, load: BlobLoad, run: Run): Promise<Presence> {
  const missing = await missingOf(store, blobsOf(load), run);
  return missing.length === 0 ? { state: 'same' } : { state: 'absent', missingBytes: totalSize(missing) };
}

/** Copies what the store lacks, `concurrency` large or four times as many small blobs at a time, the root of an image or chart last: one that is there tells that the rest was there before it. */
export async function loadBlobs(
  store: EmbeddedStore,
  load: BlobLoad,
  from: BlobReader,
  concurrency: number,
  run: Run,
): Promise<LoadOutcome> {
  const missing = await missingOf(store, blobsOf(load), run);
  const isRoot = ({ digest }: SizedDigest): boolean => load.kind === 'oci' && digest === load.root.digest;
  const [roots, parts] = [missing.filter(isRoot), missing.filter((blob) => !isRoot(blob))];
  const into = { store, item: load.item, concurrency };
  const bytes = (await copyBlobs(into, parts, from, run)) + (await copyBlobs(into, roots, from, run));
  return { state: missing.length === 0 ? 'same' : 'loaded', bytes };
}

interface Copying {
  readonly store: EmbeddedStore;
  readonly item: string;
  readonly concurrency: number;
}

/** What waits for the disk rather than for its bytes. */
const SMALL = 256 << 10;
/** Lanes of small ones for each of large ones. */
export const SMALL_LANES = 4;

/** Returns how many bytes were written. Small blobs go in more lanes: those that get their names at the same time share a sync of the directory. */
export async function copyBlobs(
  { store, item, concurrency }: Copying,
  blobs: readonly SizedDigest[],
  from: BlobReader,
  run: Run,
): Promise<number> {
  const copy = (blob: SizedDigest, each: Run): Promise<number> => copyBlob(store, item, blob, from, each);
  const small = blobs.filter(({ size }) => size <= SMALL);
  const large = blobs.filter(({ size }) => size > SMALL);
  const copied = [
    ...(await inLanes(small, SMALL_LANES * concurrency, copy, run)),
    ...(await inLanes(large, concurrency, copy, run)),
  ];
  return copied.reduce((sum, size) => sum + size, 0);
}

export async function missingOf(
  store: EmbeddedStore,
  blobs: readonly SizedDigest[],
  run: Run,
): Promise<SizedDigest[]> {
  const there = await inLanes(blobs, 16, (blob, each) => store.has(blob, each), run);
  return blobs.filter((_, i) => there[i] !== true);
}

async function copyBlob(
  store: EmbeddedStore,
  item: string,
  blob: SizedDigest,
  from: BlobReader,
  run: Run,
): Promise<number> {
  const { reused } = await store.put(blob, readerSource(item, blob, from, run), run);
  return reused ? 0 : blob.size;
}

/** A BlobReader has no seek: it is read from 0, since only the whole can be verified, and the beginning is dropped. */
function readerSource(item: string, blob: SizedDigest, from: BlobReader, run: Run): ByteSource {
  return async function* (offset): Bytes {
    let skip = offset;
    for await (const chunk of from.open(blob, run)) {
      const rest = chunk.subarray(Math.min(skip, chunk.byteLength));
      skip -= chunk.byteLength - rest.byteLength;
      if (rest.byteLength === 0) continue;
      yield rest;
      run.emit({ kind: 'bytes', item, bytes: rest.byteLength });
    }
  };
}

/** Reads everything that the loads consist of, each blob once. Throws for the first bad one, naming the item, and lists all of them. */
export async function proveBlobs(
  store: EmbeddedStore,
  loads: readonly ContentLoad[],
  target: string,
  run: Run,
): Promise<void> {
  const blobs = uniqueByDigest(loads.flatMap(blobsOf));
  if (blobs.length === 0) return;
  const findings = await store.check(blobs, run);
  const first = findings.bad[0];
  if (first !== undefined) throw badBlob(first, findings, loads, target);
  const unread = blobs.filter(({ digest }) => !findings.good.has(digest));
  if (unread[0] !== undefined)
    throw badBlob({ ...unread[0], state: 'unreadable', detail: 'was not checked' }, findings, loads, target);
}

const CODES = { missing: 'BLOB_MISSING', damaged: 'DIGEST_MISMATCH', unreadable: 'STORAGE_FAILED' } as const;

function badBlob(
  bad: BlobFinding,
  findings: BlobFindings,
  loads: readonly ContentLoad[],
  target: string,
): GapferryError {
  const owner = loads.find((load) => blobsOf(load).some(({ digest }) => digest === bad.digest));
  return new GapferryError({
    code: CODES[bad.state],
    message: `${owner?.item ?? 'a blob'}: ${bad.digest} did not come back from the target ${target}: it is ${bad.state} (${bad.detail})`,
    hint: 'nothing was made visible; check the disk of the target, remove the bad blob and run the import again',
    origin: 'target',
    data: {
      item: owner?.item,
      digest: bad.digest,
      target,
      bad: findings.bad.map(({ digest, state }) => ({ digest, state })),
    },
  });
}
