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
  /** Copies the chunk before it returns: the producer may reuse it. */
  append(chunk: Uint8Array): Promise<void>;
  /** Everything appended is written when it returns. */
  flush(): Promise<void>;
  /** The sha256 of everything appended. Only once, after `flush`. */
  digest(): Digest;
  sync(): Promise<void>;
  close(): Promise<void>;
}

const FLAGS: number = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens the part of a blob, with the beginning that is there hashed again, or a new one. A part that is no regular file or longer than the blob is thrown away. */
export async function openPart(place: DepotPlace, blob: SizedDigest, run: Run): Promise<Part> {
  const path = partPath(place.directory, blob.digest);
  const facts = await factsOf(place, path);
  if (facts !== undefined && (!facts.isFile() || facts.size > blob.size)) await discard(place, path);
  const there = await openRegular(place, path, FLAGS);
  const file = there?.file ?? (await createFile(place, path));
  const hash = sha256();
  try {
    const resumedAt = there === undefined ? 0 : await hashBeginning(file, hash.update, run);
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

/** Gathers small chunks into batches of CHUNK_SIZE; while one batch is written it is hashed and the next one is gathered. */
function appendable(
  place: DepotPlace,
  path: string,
  file: OpenFile,
  hash: ReturnType<typeof sha256>,
  resumedAt: number,
  expected: number,
): Part {
  const length = Math.max(1, Math.min(CHUNK_SIZE, expected - resumedAt));
  let [batch, spare] = [new Uint8Array(length), new Uint8Array(length)];
  let gathered = 0;
  let written = resumedAt;
  let writing: Promise<void> = Promise.resolve();

  const writeBatch = async (): Promise<void> => {
    await writing;
    const bytes = batch.subarray(0, gathered);
    const needed = expected - written;
    writing = writeAll(file, bytes, written).catch((error: unknown) => {
      throw trouble(place, 'write', path, error, needed);
    });
    // Awaited with the next batch; until then a failure is not "unhandled".
    writing.catch(() => {});
    hash.update(bytes);
    written += gathered;
    gathered = 0;
    [batch, spare] = [spare, batch];
  };

  return {
    path,
    resumedAt,
    get size() {
      return written + gathered;
    },
    async append(chunk) {
      for (let at = 0; at < chunk.byteLength; ) {
        const taken = Math.min(chunk.byteLength - at, length - gathered);
        batch.set(chunk.subarray(at, at + taken), gathered);
        at += taken;
        gathered += taken;
        if (gathered === length) await writeBatch();
      }
    },
    async flush() {
      if (gathered > 0) await writeBatch();
      await writing;
    },
    digest: () => hash.digest(),
    async sync() {
      await file.sync().catch((error: unknown) => {
        throw trouble(place, 'sync', path, error);
      });
    },
    async close() {
      await writing.catch(() => {});
      await file.close();
    },
  };
}
