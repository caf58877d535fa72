import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GapferryError, isGapferryError } from '@gapferry/core';

/** Replaces a file of the site in one step: temporary file beside it, sync, rename, sync of the directory. Throws `NO_SPACE`, `READ_ONLY` or `STORAGE_FAILED`. */
export async function replaceFile(file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true });
    await rm(temporary, { force: true });
    await using(await open(temporary, 'wx', 0o600), async (handle) => {
      await handle.writeFile(bytes);
      await handle.sync();
    });
    await rename(temporary, file);
    await using(await open(dirname(file), 'r'), (handle) => handle.sync());
  } catch (error) {
    throw failed('write', file, error);
  }
}

/** The bytes of a regular file of at most `limit` bytes, or undefined when there is none. Throws `STORAGE_FAILED` for anything else. */
export async function readSmallFile(file: string, limit: number): Promise<Uint8Array | undefined> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    return await using(await open(file, flags), async (handle) => {
      const facts = await handle.stat();
      if (!facts.isFile()) throw new Error('it is not a regular file');
      if (facts.size > limit) throw new Error(`it has ${facts.size} bytes; the limit is ${limit}`);
      return handle.readFile();
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failed('read', file, error);
  }
}

async function using<T>(handle: FileHandle, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}

function failed(doing: string, file: string, cause: unknown): GapferryError {
  if (isGapferryError(cause)) return cause;
  const errno = (cause as NodeJS.ErrnoException).code;
  const code =
    errno === 'ENOSPC' || errno === 'EDQUOT'
      ? 'NO_SPACE'
      : errno === 'EROFS'
        ? 'READ_ONLY'
        : 'STORAGE_FAILED';
  return new GapferryError({
    code,
    message: `cannot ${doing} ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'check space, owner and mode, then run the same command again',
    origin: 'site',
    data: { file, errno },
    cause,
  });
}
