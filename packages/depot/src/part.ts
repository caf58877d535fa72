import { constants } from 'node:fs';
import { checkRun, type Digest, type Run, type SizedDigest, sha256 } from '@gapferry/core';
import { CHUNK_SIZE } from './blob-reader.ts';
import { type DepotPlace, factsOf, openRegular, removeFile, trouble, writeAll } from './depot-place.ts';
import type { OpenFile } from './file-system.ts';
import { partPath } from './layout.ts';

/** A blob that is being written. Not for concurrent use. */
export interface Part {
  readonly path: string;
  /** Bytes that an earlier trip had left, and that were hashed again. */
  readonly resumedAt: number;
  /** Bytes appended so far, `resumedAt` included. */
  readonly size: number;
  /** Has copied or written the chunk when it returns: the producer may reuse it then, not before. */
  append(chunk: Uint8Array): Promise<void>;
  /** Everything appended is written when it returns. */
  flush(): Promise<void>;
  /** The sha256 of everything appended. Only once, after `flush`. */
  digest(): Digest;
  sync(): Promise<void>;
  close(): Promise<void>;
}

const FLAGS: number = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

export interface PartFile {
  readonly path: string;
  readonly file: OpenFile;
  /** Bytes that an earlier trip had left. */
  readonly size: number;
}

/** Opens the file of a blob's part, or a new one. A part that is no regular file or longer than the blob is thrown away. */
export async function openPartFile(place: DepotPlace, blob: SizedDigest): Promise<PartFile> {
  const path = partPath(place.directory, blob.digest);
  const facts = await factsOf(place, path);
  if (facts === undefined) return { path, file: await createFile(place, path), size: 0 };
  if (!facts.isFile() || facts.size > blob.size) await discard(place, path);
  const there = await openRegular(place, path, FLAGS);
  return there === undefined
    ? { path, file: await createFile(place, path), size: 0 }
    : { path, file: there.file, size: there.facts.size };
}

/** Opens the part of a blob, with the beginning that is there hashed again. */
export async function openPart(place: DepotPlace, blob: SizedDigest, run: Run): Promise<Part> {
  const { path, file, size } = await openPartFile(place, blob);
  const hash = sha256();
  try {
    const resumedAt = size === 0 ? 0 : await hashBeginning(file, hash.update, run);
    return appendable(place, path, file, hash, resumedAt, blob.size);
  } catch (error) {
    await file.close();
    throw trouble(place, 'read', path, error);
  }
}

async function discard(place: DepotPlace, path: string): Promise<void> {
  if ((await factsOf(place, path))?.isDirectory()) await place.files.removeTree(path);
  else await removeFile(place, path);
}

async function createFile(place: DepotPlace, path: string): Promise<OpenFile> {
  return place.files
    .open(path, FLAGS | constants.O_CREAT | constants.O_EXCL, 0o644)
    .catch((error: unknown) => {
      throw trouble(place, 'create', path, error);
    });
}

async function hashBeginning(file: OpenFile, update: (chunk: Uint8Array) => void, run: Run): Promise<number> {
  const buffer = new Uint8Array(CHUNK_SIZE);
  for (let size = 0; ; ) {
    checkRun(run);
    const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, size);
    if (bytesRead === 0) return size;
    update(buffer.subarray(0, bytesRead));
    size += bytesRead;
  }
}

/** Chunks from this size on are written as they are; smaller ones are gathered first. */
const LARGE = 32 << 10;

/** Writes large chunks from where they lie; gathers small ones into batches of CHUNK_SIZE, the next one while one is written. */
function appendable(
  place: DepotPlace,
  path: string,
  file: OpenFile,
  hash: ReturnType<typeof sha256>,
  resumedAt: number,
  expected: number,
): Part {
  const tail = hashedTail(place, path, file, hash, resumedAt, expected);
  const length = Math.max(1, Math.min(CHUNK_SIZE, expected - resumedAt));
  let batch: Uint8Array | undefined;
  let spare: Uint8Array | undefined;
  let gathered = 0;

  const writeBatch = async (): Promise<void> => {
    if (batch === undefined || gathered === 0) return;
    await tail.write(batch.subarray(0, gathered));
    gathered = 0;
    [batch, spare] = [spare, batch];
  };
  const gather = async (chunk: Uint8Array): Promise<void> => {
    for (let at = 0; at < chunk.byteLength; ) {
      batch ??= new Uint8Array(length);
      const taken = Math.min(chunk.byteLength - at, length - gathered);
      batch.set(chunk.subarray(at, at + taken), gathered);
      at += taken;
      gathered += taken;
      if (gathered === length) await writeBatch();
    }
  };
  return {
    path,
    resumedAt,
    get size() {
      return tail.size + gathered;
    },
    async append(chunk) {
      if (chunk.byteLength < LARGE) return gather(chunk);
      await writeBatch();
      await tail.write(chunk);
      await tail.written();
    },
    async flush() {
      await writeBatch();
      await tail.written();
    },
    digest: () => hash.digest(),
    sync: () =>
      file.sync().catch((error: unknown) => {
        throw trouble(place, 'sync', path, error);
      }),
    async close() {
      await tail.written().catch(() => {});
      await file.close();
    },
  };
}

/** The end of a file that grows by one write at a time. */
interface HashedTail {
  /** Bytes of the file, those under way included. */
  readonly size: number;
  /** Begins to write the bytes and hashes them meanwhile; they must stay as they are until `written`, or the next `write`, returns. */
  write(bytes: Uint8Array): Promise<void>;
  /** Throws what the last write threw. */
  written(): Promise<void>;
}

function hashedTail(
  place: DepotPlace,
  path: string,
  file: OpenFile,
  hash: ReturnType<typeof sha256>,
  from: number,
  expected: number,
): HashedTail {
  let size = from;
  let writing: Promise<void> = Promise.resolve();
  return {
    get size() {
      return size;
    },
    async write(bytes) {
      await writing;
      const needed = expected - size;
      writing = writeAll(file, bytes, size).catch((error: unknown) => {
        throw trouble(place, 'write', path, error, needed);
      });
      // Awaited with the next one; until then a failure is not "unhandled".
      writing.catch(() => {});
      hash.update(bytes);
      size += bytes.byteLength;
    },
    written: () => writing,
  };
}
