import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { GapferryError, type Run } from '@gapferry/core';
import { type Compression, type UnpackLimits, unpackedBytes } from './compression.ts';
import { type LocalFile, openedFile } from './local-file.ts';

export interface UnpackPlace {
  /** A directory for files that live as long as they are open; made when it is needed. */
  readonly workDirectory: string;
  readonly limits: UnpackLimits;
}

/** Unpacks an archive once, into a file without a name: it is gone when it is closed, and also when the process is killed. Closes `packed`.
 *  Throws as `unpackedBytes`; `NO_SPACE`, `STORAGE_FAILED`. */
export async function unpackArchive(
  packed: LocalFile,
  compression: Compression,
  { workDirectory, limits }: UnpackPlace,
  run: Run,
): Promise<LocalFile> {
  const file = await openNameless(workDirectory);
  try {
    const { what, size } = packed;
    let at = 0;
    for await (const chunk of unpackedBytes(packed.bytes(0, size, run), size, compression, limits, what)) {
      await write(file, chunk, at, workDirectory);
      at += chunk.byteLength;
    }
    await packed.requireUnchanged();
    return openedFile(file, what, at);
  } catch (error) {
    await file.close();
    throw error;
  } finally {
    await packed.close();
  }
}

async function openNameless(directory: string): Promise<FileHandle> {
  const path = join(directory, `${randomUUID()}.tar`);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    await mkdir(directory, { recursive: true });
    const file = await open(path, flags, 0o600);
    await unlink(path);
    return file;
  } catch (error) {
    throw noRoom(directory, error);
  }
}

async function write(
  file: FileHandle,
  chunk: Uint8Array,
  position: number,
  directory: string,
): Promise<void> {
  let at = 0;
  while (at < chunk.byteLength) {
    const { bytesWritten } = await file
      .write(chunk, at, chunk.byteLength - at, position + at)
      .catch((error: unknown) => {
        throw noRoom(directory, error);
      });
    at += bytesWritten;
  }
}

function noRoom(directory: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const errno = (error as NodeJS.ErrnoException).code ?? '';
  const isFull = errno === 'ENOSPC' || errno === 'EDQUOT';
  return new GapferryError({
    code: isFull ? 'NO_SPACE' : 'STORAGE_FAILED',
    message: isFull
      ? `no space left in ${directory}, where an archive is unpacked before it is read`
      : `cannot unpack into ${directory}: ${error.message}`,
    hint: isFull
      ? 'free some space, or unpack the archive yourself and name the plain one'
      : 'check owner and mode',
    origin: 'depot',
    data: { path: directory, errno },
    cause: error,
  });
}
