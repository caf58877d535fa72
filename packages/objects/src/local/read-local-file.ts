import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { type Bytes, checkRun, type Run, type SizedDigest, sha256 } from '@gapferry/core';
import { refusedPlace, unreadablePlace } from './local-error.ts';

export interface LocalPlace {
  readonly path: string;
  /** For messages. */
  readonly shown: string;
  /** The last part of the path may be a link: the operator wrote it. */
  readonly mayLink?: boolean;
  /** No part of the path may be a link: it was none when the path was made. */
  readonly isReal?: boolean;
}

const CHUNK = 256 << 10;

/** Hashes a regular file. Throws `SOURCE_NOT_FOUND`, `UNREACHABLE`, and `CONTENT_INVALID` for what is no regular file or was written to meanwhile. */
export async function hashLocalFile(
  place: LocalPlace,
  run: Run,
): Promise<SizedDigest & { readonly executable: boolean }> {
  const hash = sha256();
  let size = 0;
  await using file = await openRegular(place);
  for await (const chunk of chunksOf(file, place, 0, run)) {
    hash.update(chunk);
    size += chunk.byteLength;
    // What grows may grow faster than it is read.
    if (size > file.facts.size) break;
  }
  const { mode, mtimeMs, size: before } = file.facts;
  const now = await file.handle.stat();
  if (now.size !== before || now.mtimeMs !== mtimeMs || size !== before)
    throw refusedPlace(place.shown, 'it was written to while it was read');
  return { digest: hash.digest(), size, executable: (mode & 0o100) !== 0 };
}

/** Bytes of a regular file from `from` on; whoever takes them knows the digest. A chunk is valid until the next one is asked for. Throws the same. */
export async function* readLocalFile(place: LocalPlace, from: number, run: Run): Bytes {
  await using file = await openRegular(place);
  yield* chunksOf(file, place, from, run);
}

interface OpenFile extends AsyncDisposable {
  readonly handle: FileHandle;
  readonly facts: Stats;
}

/** A FIFO is not waited for and a device not touched. */
async function openRegular({ path, shown, mayLink = false, isReal = false }: LocalPlace): Promise<OpenFile> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (mayLink ? 0 : constants.O_NOFOLLOW);
  const handle = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    // ENXIO is what a socket answers, ELOOP a link.
    throw ['ENXIO', 'ELOOP'].includes(error.code ?? '')
      ? refusedPlace(shown, NOT_REGULAR)
      : unreadablePlace(shown, error);
  });
  try {
    const facts = await handle.stat();
    if (!facts.isFile()) throw refusedPlace(shown, NOT_REGULAR);
    if (isReal && !(await isAt(handle, facts, path)))
      throw refusedPlace(shown, 'a directory on the way to it was replaced while it was read');
    return { handle, facts, [Symbol.asyncDispose]: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Does an open file lie where its path says? `O_NOFOLLOW` looks at the last part of a path alone. Linux tells of an open file where it lies; elsewhere the path is followed again, and must end at the same file. */
async function isAt(handle: FileHandle, { dev, ino }: Stats, path: string): Promise<boolean> {
  const place = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
  if (place !== undefined) return place === path;
  const [real, now] = await Promise.all([realpath(path), lstat(path)]).catch(() => []);
  return real?.normalize('NFC') === path.normalize('NFC') && now?.dev === dev && now.ino === ino;
}

const NOT_REGULAR = 'it is no regular file; links, devices, pipes and sockets are not taken';

async function* chunksOf({ handle, facts }: OpenFile, { shown }: LocalPlace, from: number, run: Run): Bytes {
  const buffer = new Uint8Array(Math.min(CHUNK, Math.max(facts.size - from, 1)));
  for (let at = from; ; ) {
    checkRun(run);
    const { bytesRead } = await handle.read(buffer, 0, buffer.byteLength, at).catch((error: unknown) => {
      throw unreadablePlace(shown, error);
    });
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
