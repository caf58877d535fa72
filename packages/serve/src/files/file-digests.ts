import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Bytes, checkRun, type Digest, GapferryError, type Run, sha256 } from '@gapferry/core';
import pLimit from 'p-limit';
import type { SafePlace } from './safe-place.ts';

/** Digests of files in a tree: read once per process and file, and again when the file is replaced or written to. */
export interface FileDigests {
  /** `run`: of the request, whose end ends the waiting but not the reading: the next one who asks finds it done. */
  of(place: SafePlace, run: Run): Promise<Digest>;
}

const READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CHUNK = 1 << 20;
const REMEMBERED = 1_000_000;

/** `server`: how long files are read for anybody. */
export function createFileDigests(server: Run): FileDigests {
  const known = new Map<string, { identity: string; digest: Promise<Digest> }>();
  const limit = pLimit(2);
  return {
    async of(place, run) {
      const identity = identityOf(place.facts);
      const before = known.get(place.path);
      if (before?.identity === identity) return await whileAsked(before.digest, run);
      const digest = limit(() => hashFile(place, server));
      if (known.size >= REMEMBERED) known.clear();
      known.set(place.path, { identity, digest });
      digest.catch(() => {
        if (known.get(place.path)?.digest === digest) known.delete(place.path);
      });
      return await whileAsked(digest, run);
    },
  };
}

/** Throws `INTERRUPTED` as soon as nobody asks any more. */
async function whileAsked<T>(answer: Promise<T>, run: Run): Promise<T> {
  checkRun(run);
  const left = Promise.withResolvers<void>();
  const leave = (): void => left.resolve();
  run.signal.addEventListener('abort', leave, { once: true });
  try {
    await Promise.race([answer, left.promise]);
    checkRun(run);
    return await answer;
  } finally {
    run.signal.removeEventListener('abort', leave);
  }
}

/** The bytes from `first` to `last` of exactly the file that was found; another one in its place is refused. */
export async function* readPlace(place: SafePlace, first: number, last: number, run: Run): Bytes {
  await using file = await openSame(place);
  const buffer = new Uint8Array(Math.min(CHUNK, Math.max(1, last - first + 1)));
  for (let at = first; at <= last; ) {
    checkRun(run);
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.byteLength, last - at + 1), at);
    if (bytesRead === 0) throw changed(place);
    yield buffer.subarray(0, bytesRead);
    at += bytesRead;
  }
}

async function hashFile(place: SafePlace, run: Run): Promise<Digest> {
  const hash = sha256();
  for await (const chunk of readPlace(place, 0, Number(place.facts.size) - 1, run)) hash.update(chunk);
  return hash.digest();
}

async function openSame(place: SafePlace): Promise<FileHandle> {
  const file = await open(place.path, READ);
  const now = await file.stat({ bigint: true });
  if (identityOf(now) === identityOf(place.facts)) return file;
  await file.close();
  throw changed(place);
}

function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join('-');
}

function changed(place: SafePlace): GapferryError {
  return new GapferryError({
    code: 'STORAGE_FAILED',
    message: `${place.path} changed while it was read`,
    retryable: true,
    origin: 'target',
  });
}
