import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Bytes, checkRun, type Run } from '@gapferry/core';
import { refused, toLocalError } from './local-error.ts';

/** A regular file that is open for reading; its size is what it was when it was opened. */
export interface LocalFile {
  /** For errors. */
  readonly what: string;
  readonly size: number;
  /** Bytes from `from` to before `to`. A chunk is valid until the next one is asked for. Throws `CONTENT_INVALID` when the file became shorter. */
  bytes(from: number, to: number, run: Run): Bytes;
  /** `length` bytes at `from`, in memory: for what has been judged to be small. */
  read(from: number, length: number): Promise<Uint8Array>;
  /** Throws `CONTENT_INVALID` when the file was written to since it was opened. */
  requireUnchanged(): Promise<void>;
  close(): Promise<void>;
}

/** Small enough that what was read is still in the processor's cache when it is hashed and written. */
const CHUNK = 256 << 10;

/** Opens a regular file and nothing else: a FIFO is not waited for, a device not touched. `follow`: the last part of the path may be a link (where the operator wrote the path).
 *  Throws `SOURCE_NOT_FOUND`, `UNREACHABLE`, `CONTENT_INVALID`. */
export async function openLocalFile(
  path: string,
  what: string,
  options: { readonly follow: boolean },
): Promise<LocalFile> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (options.follow ? 0 : constants.O_NOFOLLOW);
  const handle = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    // ENXIO is what a socket answers.
    const isOther = error.code === 'ENXIO' || (error.code === 'ELOOP' && !options.follow);
    throw isOther ? notAFile(what) : toLocalError(what, error);
  });
  try {
    return await regularFile(handle, what);
  } catch (error) {
    await handle.close();
    throw toLocalError(what, error);
  }
}

async function regularFile(handle: FileHandle, what: string): Promise<LocalFile> {
  const facts = await handle.stat();
  if (!facts.isFile()) throw notAFile(what);
  const { size, mtimeMs } = facts;
  return {
    ...openedFile(handle, what, size),
    async requireUnchanged() {
      const now = await handle.stat();
      if (now.size !== size || now.mtimeMs !== mtimeMs)
        throw refused(what, 'it was written to while it was read');
    },
  };
}

/** A file that only we have: nobody else writes to it. */
export function openedFile(handle: FileHandle, what: string, size: number): LocalFile {
  return {
    what,
    size,
    bytes: (from, to, run) => readChunks(handle, what, from, to, run),
    async read(from, length) {
      const whole = new Uint8Array(length);
      let at = 0;
      while (at < length) at += await readSome(handle, what, whole.subarray(at), from + at);
      return whole;
    },
    requireUnchanged: async () => {},
    close: () => handle.close(),
  };
}

async function* readChunks(handle: FileHandle, what: string, from: number, to: number, run: Run): Bytes {
  const buffer = new Uint8Array(Math.max(0, Math.min(CHUNK, to - from)));
  let at = from;
  while (at < to) {
    checkRun(run);
    const read = await readSome(handle, what, buffer.subarray(0, Math.min(buffer.byteLength, to - at)), at);
    at += read;
    yield buffer.subarray(0, read);
  }
}

async function readSome(handle: FileHandle, what: string, into: Uint8Array, at: number): Promise<number> {
  const { bytesRead } = await handle.read(into, 0, into.byteLength, at).catch((error: unknown) => {
    throw toLocalError(what, error);
  });
  if (bytesRead === 0) throw refused(what, `it became shorter than ${at + 1} bytes while it was read`);
  return bytesRead;
}

function notAFile(what: string): Error {
  return refused(what, 'it is not a regular file; links, devices and pipes are not read');
}
