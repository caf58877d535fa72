import { constants } from 'node:fs';
import { dirname } from 'node:path';
import { type ErrorOrigin, GapferryError } from '@gapferry/core';
import type { FileFacts, FileSystem, OpenFile } from './file-system.ts';
import { errnoOf, toStorageError } from './storage-error.ts';

/** Where a depot is and how it is reached: what every part of it needs. */
export interface DepotPlace {
  readonly directory: string;
  readonly files: FileSystem;
  /** The side that errors name: `depot`, or `medium` for a stick. */
  readonly origin: ErrorOrigin;
  readonly readOnly: boolean;
}

/** O_NONBLOCK so that a FIFO put in place of a file cannot hang the opening. */
const READ: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CREATE: number = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Opens a regular file for reading, following no link. Undefined when there is none; `LAYOUT_INVALID` for anything but a file. */
export async function openRegular(
  place: DepotPlace,
  path: string,
  flags: number = READ,
): Promise<{ file: OpenFile; facts: FileFacts } | undefined> {
  const there = await factsOf(place, path);
  if (there === undefined) return undefined;
  if (!there.isFile()) throw notAFile(place, path);
  const file = await place.files.open(path, flags).catch((error: unknown) => {
    // It has gone since.
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw errnoOf(error) === 'ELOOP' ? notAFile(place, path) : trouble(place, 'open', path, error);
  });
  if (file === undefined) return undefined;
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw notAFile(place, path);
    return { file, facts };
  } catch (error) {
    await file.close();
    throw trouble(place, 'read', path, error);
  }
}

/** Facts about a path without following it; undefined when nothing is there. */
export async function factsOf(place: DepotPlace, path: string): Promise<FileFacts | undefined> {
  try {
    return await place.files.lstat(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw trouble(place, 'read', path, error);
  }
}

/** Reads a whole regular file of at most `limit` bytes. Undefined when there is none; `LIMIT_EXCEEDED` before anything is allocated. */
export async function readLimited(
  place: DepotPlace,
  path: string,
  limit: number,
): Promise<Uint8Array | undefined> {
  const opened = await openRegular(place, path);
  if (opened === undefined) return undefined;
  const { file, facts } = opened;
  try {
    if (facts.size > limit) throw tooLarge(place, path, facts.size, limit);
    return await readExactly(file, facts.size);
  } catch (error) {
    throw trouble(place, 'read', path, error);
  } finally {
    await file.close();
  }
}

async function readExactly(file: OpenFile, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(bytes, at, size - at, at);
    if (bytesRead === 0) throw new Error(`it became shorter than ${size} bytes while it was read`);
    at += bytesRead;
  }
  return bytes;
}

/** Writes a new file and syncs it. The path must not exist. */
export async function writeSynced(place: DepotPlace, path: string, bytes: Uint8Array): Promise<void> {
  try {
    const file = await place.files.open(path, CREATE, 0o644);
    try {
      await writeAll(file, bytes, 0);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw trouble(place, 'write', path, error, bytes.byteLength);
  }
}

/** Writes all of `bytes` at `position`, however many calls that takes. */
export async function writeAll(file: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
  let at = 0;
  while (at < bytes.byteLength) {
    const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at, position + at);
    at += bytesWritten;
  }
}

/** Replaces `path` with `bytes` in one step: temporary file, sync, rename, sync of the directory. */
export async function replaceFile(
  place: DepotPlace,
  path: string,
  temporary: string,
  bytes: Uint8Array,
): Promise<void> {
  await removeFile(place, temporary);
  await writeSynced(place, temporary, bytes);
  await renameSynced(place, temporary, path);
}

export async function renameSynced(place: DepotPlace, from: string, to: string): Promise<void> {
  await place.files.rename(from, to).catch((error: unknown) => {
    throw trouble(place, 'rename to', to, error);
  });
  await syncDirectory(place, dirname(to));
}

/** None there is fine. */
export async function removeFile(place: DepotPlace, path: string): Promise<void> {
  await place.files.unlink(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw trouble(place, 'remove', path, error);
  });
}

/** Makes the names in a directory durable. File systems that cannot sync a directory (some network mounts) say EINVAL or ENOTSUP; there a rename is all one can get. */
export async function syncDirectory(place: DepotPlace, path: string): Promise<void> {
  try {
    const directory = await place.files.open(
      path,
      constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW,
    );
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    if (['EINVAL', 'ENOTSUP'].includes(errnoOf(error) ?? '')) return;
    throw trouble(place, 'sync', path, error);
  }
}

/** Makes a directory inside the depot and makes its name durable; one that is there must be a real directory. Returns whether it was made. */
export async function makeDirectory(place: DepotPlace, path: string): Promise<boolean> {
  const there = await factsOf(place, path);
  if (there?.isDirectory()) return false;
  if (there !== undefined) throw layoutInvalid(place, `${path} is not a directory`);
  await place.files.mkdir(path).catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw trouble(place, 'make the directory', path, error);
  });
  await syncDirectory(place, dirname(path));
  return true;
}

/** Every writing method asks this first. Throws `READ_ONLY`. */
export function requireWritable(place: DepotPlace): void {
  if (!place.readOnly) return;
  throw new GapferryError({
    code: 'READ_ONLY',
    message: `${place.directory} was opened for reading only`,
    origin: place.origin,
    data: { path: place.directory },
  });
}

export function layoutInvalid(place: DepotPlace, message: string): GapferryError {
  return new GapferryError({
    code: 'LAYOUT_INVALID',
    message,
    hint: 'gapferry does not write this; somebody or something else did',
    origin: place.origin,
    data: { path: place.directory },
  });
}

export function trouble(
  place: DepotPlace,
  doing: string,
  path: string,
  error: unknown,
  needed?: number,
): GapferryError {
  return toStorageError(error, {
    doing,
    path,
    origin: place.origin,
    ...(needed !== undefined && { needed }),
  });
}

function notAFile(place: DepotPlace, path: string): GapferryError {
  return layoutInvalid(place, `${path} is not a regular file; links, directories and devices are refused`);
}

function tooLarge(place: DepotPlace, path: string, size: number, limit: number): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `${path} has ${size} bytes; the limit is ${limit}`,
    origin: place.origin,
    data: { path, size, limit },
  });
}
