import { constants, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Bytes, checkRun, type Run, type SizedDigest, sha256 } from '@gapferry/core';
import { refusedPlace, unreadablePlace } from './local-error.ts';

export interface LocalPlace {
  readonly path: string;
  /** For messages. */
  readonly shown: string;
  /** The last part of the path may be a link: the operator wrote it. */
  readonly mayLink?: boolean;
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
async function openRegular({ path, shown, mayLink = false }: LocalPlace): Promise<OpenFile> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (mayLink ? 0 : constants.O_NOFOLLOW);
  const handle = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    // ENXIO is what a socket answers, ELOOP a link.
    throw ['ENXIO', 'ELOOP'].includes(error.code ?? '')
      ? refusedPlace(shown, NOT_REGULAR)
      : unreadablePlace(shown, error);
  });
  const facts = await handle.stat();
  if (facts.isFile()) return { handle, facts, [Symbol.asyncDispose]: () => handle.close() };
  await handle.close();
  throw refusedPlace(shown, NOT_REGULAR);
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
