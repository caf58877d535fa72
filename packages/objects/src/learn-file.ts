import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Bytes,
  type Digest,
  GapferryError,
  type Hasher,
  isDigest,
  isGapferryError,
  type Run,
  sha256,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { isRefusal } from './file-size.ts';
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
  /** Asks first whether the file is still what it was (If-None-Match, If-Modified-Since), where that is remembered. Throws `LIMIT_EXCEEDED`, and what reading throws. */
  learn(url: string, item: string, run: Run): Promise<LearntFile>;
  /** Bytes that were kept, from an offset; undefined when there are none. */
  kept(url: string, file: LearntSize): Promise<((from: number, run: Run) => Bytes) | undefined>;
  /** Bytes are in the depot now. */
  forget(url: string): Promise<void>;
}

type LearntSize = Pick<LearntFile, 'sha256' | 'size'>;

export interface FileLearnerOptions {
  /** The most bytes that are read of a file. */
  readonly limit: number;
  /** Directory for bytes that are kept; made when it is needed. Absent: none are kept. */
  readonly directory?: string;
  readonly lookups?: Lookups;
}

interface Remembered extends LearntFile {
  readonly etag?: string;
  readonly lastModified?: string;
}

export function fileLearner(
  http: HttpClient,
  { limit, directory, lookups }: FileLearnerOptions,
): FileLearner {
  const learning = new Map<string, Promise<LearntFile>>();
  const bodyOf = (url: string): string | undefined =>
    directory === undefined
      ? undefined
      : join(directory, `${createHash('sha256').update(url).digest('hex')}.body`);
  const learn = async (url: string, item: string, run: Run): Promise<LearntFile> => {
    const before = toRemembered(await lookups?.get(nameOf(url)));
    const headers = await validatorsOf(http, { url, item }, before, run);
    if (headers === 'unchanged' && before !== undefined) return before;
    const counted: Run = { signal: run.signal, emit: (event) => event.kind !== 'bytes' && run.emit(event) };
    const bytes = http.body({ url, item, maxBytes: limit }, 0, counted);
    const learnt = await readThrough(bytes, bodyOf(url));
    if (headers !== 'unchanged') await lookups?.put(nameOf(url), { ...learnt, ...headers });
    return learnt;
  };
  return {
    learn(url, item, run) {
      const found = learning.get(url) ?? learn(url, item, run);
      learning.set(url, found);
      found.catch(() => learning.delete(url));
      return found;
    },
    async kept(url, { size }) {
      const path = bodyOf(url);
      if (path === undefined) return undefined;
      const facts = await stat(path).catch(() => undefined);
      if (facts?.size !== size) return undefined;
      return (from, run) => readLocalFile({ path, shown: path }, from, run);
    },
    async forget(url) {
      const path = bodyOf(url);
      if (path !== undefined) await rm(path, { force: true });
    },
  };
}

function nameOf(url: string): string {
  return `file ${url}`;
}

type Validators = Pick<Remembered, 'etag' | 'lastModified'>;

/** Asks by HEAD what names the state of a file, and whether that is still the one that is remembered. A server that refuses HEAD may still give the file: then nothing is remembered. */
async function validatorsOf(
  http: HttpClient,
  { url, item }: { readonly url: string; readonly item: string },
  before: Remembered | undefined,
  run: Run,
): Promise<'unchanged' | Validators> {
  try {
    const answer = await http.request(
      { url, item, method: 'HEAD', headers: conditions(before), accept: [200, 304] },
      run,
    );
    if (answer.status === 304) return before === undefined ? {} : 'unchanged';
    const [etag, lastModified] = [answer.headers.get('etag'), answer.headers.get('last-modified')];
    if (before?.etag !== undefined && etag === before.etag && etag.startsWith('"')) return 'unchanged';
    return { ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
  } catch (error) {
    if (isRefusal(error)) return {};
    throw error;
  }
}

function conditions(before: Remembered | undefined): Record<string, string> {
  return {
    ...(before?.etag !== undefined && { 'If-None-Match': before.etag }),
    ...(before?.lastModified !== undefined && { 'If-Modified-Since': before.lastModified }),
  };
}

/** Hashes all bytes, and writes them where a path is given: under another name first, so that what is there is whole. */
async function readThrough(bytes: Bytes, path: string | undefined): Promise<LearntFile> {
  const hashes = { sha256: sha256(), sha512: createHash('sha512'), size: 0 };
  if (path === undefined) {
    for await (const chunk of bytes) addTo(hashes, chunk);
    return learntFrom(hashes);
  }
  await mkdir(join(path, '..'), { recursive: true });
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    {
      await using file = await open(temporary, 'wx', 0o600);
      for await (const chunk of bytes) {
        addTo(hashes, chunk);
        for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten;
      }
    }
    await rename(temporary, path);
    return learntFrom(hashes);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw isGapferryError(error) ? error : unkept(path, error);
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
