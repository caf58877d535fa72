import { rm, stat } from 'node:fs/promises';
import { type Bytes, GapferryError, isDigest, isGapferryError, type Run } from '@gapferry/core';
import type { BodyValidator } from '@gapferry/http';
import type { FileOrigin, FileState } from './file-origin.ts';
import { readLocalFile } from './local/read-local-file.ts';
import { bodyIn, openPartial, type PartialFile, unkeptPartial } from './partial-file.ts';
import type { LearntFile } from './partial-state.ts';

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
    const { learnt, by } = await readThrough(origin, { limit, ...(directory && { directory }) }, counted);
    if (state !== 'unchanged' && isOf(state, by)) await lookups?.put(origin.name, { ...learnt, ...state });
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

/** Hashes all bytes, and keeps them where a directory is given: what an earlier process read of them is not read again. `by`: what held them. */
async function readThrough(
  origin: FileOrigin,
  { limit, directory }: Pick<FileLearnerOptions, 'limit' | 'directory'>,
  run: Run,
): Promise<{ readonly learnt: LearntFile; readonly by: BodyValidator | undefined }> {
  try {
    const part = directory === undefined ? unkeptPartial() : await openPartial(directory, origin.name);
    return await readPart(origin, part, limit, run);
  } catch (error) {
    throw isGapferryError(error) || directory === undefined ? error : unkept(directory, error);
  }
}

async function readPart(origin: FileOrigin, part: PartialFile, limit: number, run: Run) {
  let by = part.by;
  const held = {
    ...(by !== undefined && { by }),
    learnt(validator: BodyValidator | undefined) {
      by = validator;
      part.hold(validator);
    },
    anew: () => part.begin(),
  };
  let isWhole = false;
  try {
    for await (const chunk of origin.read({ limit, from: part.size, held }, run)) await part.add(chunk);
    isWhole = true;
    return { learnt: await part.whole(), by };
  } finally {
    if (!isWhole) await part.leave();
  }
}

/** A server may have given another state than the one that it was asked about. */
function isOf({ etag }: FileState, by: BodyValidator | undefined): boolean {
  const bare = (text: string): string => text.replace(/^W\/|"/g, '');
  return etag === undefined || by === undefined || !('etag' in by) || bare(etag) === bare(by.etag);
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
