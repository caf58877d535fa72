import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Bytes,
  type Digest,
  GapferryError,
  type Hasher,
  hexOf,
  isDigest,
  isGapferryError,
  type Run,
  sha256,
} from '@gapferry/core';
import type { FileOrigin, FileState } from './file-origin.ts';
import { readLocalFile } from './local/read-local-file.ts';

/** What a file was found to be. */
export interface LearntFile {
  readonly sha256: Digest;
  /** 128 lower-case hex digits. */
  readonly sha512: string;
  readonly size: number;
}

/** What is remembered between runs; who forgets only asks again. */
export interface Lookups {
  get(name: string): Promise<unknown>;
  put(name: string, value: unknown): Promise<void>;
}

/** Finds out what files are that nobody says the sha256 of, by reading them, and keeps their bytes until they are fetched. */
export interface FileLearner {
  /** Asks first whether the file is still what it was, where that is remembered. Throws `LIMIT_EXCEEDED`, and what reading throws. */
  learn(origin: FileOrigin, run: Run): Promise<LearntFile>;
  /** Bytes that were kept, from an offset; undefined when there are none. */
  kept(file: LearntSize): Promise<((from: number, run: Run) => Bytes) | undefined>;
  /** Bytes are in the depot now. */
  forget(file: LearntSize): Promise<void>;
}

type LearntSize = Pick<LearntFile, 'sha256' | 'size'>;

export interface FileLearnerOptions {
  /** The most bytes that are read of a file. */
  readonly limit: number;
  /** Directory for bytes that are kept; made when it is needed. Absent: none are kept. */
  readonly directory?: string;
  readonly lookups?: Lookups;
}

type Remembered = LearntFile & FileState;

export function fileLearner({ limit, directory, lookups }: FileLearnerOptions): FileLearner {
  const learning = new Map<string, Promise<LearntFile>>();
  const learn = async (origin: FileOrigin, run: Run): Promise<LearntFile> => {
    const before = toRemembered(await lookups?.get(origin.name));
    const state = await origin.state(before, run);
    if (state === 'unchanged' && before !== undefined) return before;
    const counted: Run = { signal: run.signal, emit: (event) => event.kind !== 'bytes' && run.emit(event) };
    const learnt = await readThrough(origin.read(limit, counted), directory);
    if (state !== 'unchanged') await lookups?.put(origin.name, { ...learnt, ...state });
    return learnt;
  };
  return {
    learn(origin, run) {
      const found = learning.get(origin.name) ?? learn(origin, run);
      learning.set(origin.name, found);
      found.catch(() => learning.delete(origin.name));
      return found;
    },
    async kept({ sha256: digest, size }) {
      if (directory === undefined) return undefined;
      const path = bodyIn(directory, digest);
      const facts = await stat(path).catch(() => undefined);
      if (facts?.size !== size) return undefined;
      return (from, run) => readLocalFile({ path, shown: path }, from, run);
    },
    async forget({ sha256: digest }) {
      if (directory !== undefined) await rm(bodyIn(directory, digest), { force: true });
    },
  };
}

function bodyIn(directory: string, digest: Digest): string {
  return join(directory, `${hexOf(digest)}.body`);
}

/** Hashes all bytes, and writes them where a directory is given: under a name that says what they are, once they are whole. */
async function readThrough(bytes: Bytes, directory: string | undefined): Promise<LearntFile> {
  const hashes = { sha256: sha256(), sha512: createHash('sha512'), size: 0 };
  if (directory === undefined) {
    for await (const chunk of bytes) addTo(hashes, chunk);
    return learntFrom(hashes);
  }
  const temporary = join(directory, `${randomUUID()}.part`);
  try {
    await mkdir(directory, { recursive: true });
    await writeThrough(temporary, bytes, hashes);
    const learnt = learntFrom(hashes);
    await rename(temporary, bodyIn(directory, learnt.sha256));
    return learnt;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw isGapferryError(error) ? error : unkept(directory, error);
  }
}

async function writeThrough(path: string, bytes: Bytes, hashes: Hashes): Promise<void> {
  await using file = await open(path, 'wx', 0o600);
  for await (const chunk of bytes) {
    addTo(hashes, chunk);
    for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten;
  }
}

interface Hashes {
  readonly sha256: Hasher;
  readonly sha512: ReturnType<typeof createHash>;
  size: number;
}

function addTo(hashes: Hashes, chunk: Uint8Array): void {
  hashes.sha256.update(chunk);
  hashes.sha512.update(chunk);
  hashes.size += chunk.byteLength;
}

function learntFrom({ sha256: one, sha512, size }: Hashes): LearntFile {
  return { sha256: one.digest(), sha512: sha512.digest('hex'), size };
}

/** Somebody may have written anything there. */
function toRemembered(value: unknown): Remembered | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  const { sha256: digest, sha512, size, etag, lastModified } = value as Record<string, unknown>;
  if (!isDigest(digest) || typeof sha512 !== 'string' || !/^[0-9a-f]{128}$/.test(sha512)) return undefined;
  if (!Number.isSafeInteger(size) || Number(size) < 0) return undefined;
  return {
    sha256: digest,
    sha512,
    size: Number(size),
    ...(typeof etag === 'string' && { etag }),
    ...(typeof lastModified === 'string' && { lastModified }),
  };
}

function unkept(path: string, cause: unknown): GapferryError {
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const isFull = errno === 'ENOSPC' || errno === 'EDQUOT';
  return new GapferryError({
    code: isFull ? 'NO_SPACE' : 'STORAGE_FAILED',
    message: `could not write ${path}: ${isFull ? 'there is no space left' : errno}`,
    hint: 'make room in the depot, then run the same command again',
    origin: 'depot',
    data: { path, errno },
    cause,
  });
}
