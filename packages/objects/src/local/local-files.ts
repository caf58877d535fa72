import { realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type BlobStore,
  type DirectoryFile,
  type FileHolding,
  inLanes,
  type LocalDirectoryPin,
  type LocalFilePin,
  type LocalFileWish,
  MEDIA_TYPES,
  type Run,
  wishDigest,
} from '@gapferry/core';
import {
  AT_ONCE,
  listDigest,
  type OpenFile,
  putDirectory,
  putSingle,
  requireDirectory,
  requirePinned,
} from '../directory-files.ts';
import { unreadablePlace } from './local-error.ts';
import { hashLocalFile, type LocalPlace, readLocalFile } from './read-local-file.ts';
import { walkDirectory } from './walk-directory.ts';

export interface LocalFiles {
  resolve(wish: LocalFileWish, run: Run): Promise<LocalFilePin | LocalDirectoryPin>;
  fetch(pin: LocalFilePin | LocalDirectoryPin, into: BlobStore, run: Run): Promise<FileHolding>;
}

/** Files and directories on this machine. `directory`: where relative paths begin. What was hashed to say what a directory is, is hashed again when it is taken: it may have changed. */
export function localFiles(directory: string): LocalFiles {
  const known = new Map<string, readonly DirectoryFile[]>();
  const placeOf = (path: string): LocalPlace => ({
    path: resolve(directory, path),
    shown: path,
    mayLink: true,
  });
  return {
    async resolve({ path, as, ...wish }, run) {
      const place = placeOf(path);
      const base = { kind: 'file', wish: wishDigest({ path, as, ...wish }), path } as const;
      if (!(await isDirectory(place))) {
        const { digest } = await hashLocalFile(place, run);
        return { ...base, id: as, sha256: digest };
      }
      const files = await hashDirectory(await realPlace(place), run);
      known.set(path, files);
      return { ...base, id: `${as}/`, files: listDigest(files) };
    },
    async fetch(pin, into, run) {
      const place = placeOf(pin.path);
      if ('sha256' in pin) return await fetchFile(pin, place, into, run);
      const before = known.get(pin.path);
      const real = await realPlace(place);
      const files =
        before !== undefined && listDigest(before) === pin.files ? before : await hashDirectory(real, run);
      requirePinned(listDigest(files), pin.files, pin.path);
      await putDirectory(pin.id, files, async ({ path }) => opening(fileIn(real, path)), into, run);
      return { kind: 'file', pin, files };
    },
  };
}

function opening(place: LocalPlace): OpenFile {
  return (from, run) => readLocalFile(place, from, run);
}

async function isDirectory({ path, shown }: LocalPlace): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw unreadablePlace(shown, error);
  }
}

/** A directory without links on the way to it: below it there are to be none. */
async function realPlace({ path, shown }: LocalPlace): Promise<LocalPlace> {
  try {
    return { path: await realpath(path), shown };
  } catch (error) {
    throw unreadablePlace(shown, error);
  }
}

async function hashDirectory({ path, shown }: LocalPlace, run: Run): Promise<DirectoryFile[]> {
  const paths = await walkDirectory(path, shown, run);
  requireDirectory(paths, shown);
  const hash = async (name: string, inner: Run): Promise<DirectoryFile> => {
    const { executable, ...file } = await hashLocalFile(fileIn({ path, shown }, name), inner);
    return { path: name, ...file, ...(executable && { executable }) };
  };
  return await inLanes(paths, AT_ONCE, hash, run);
}

function fileIn({ path, shown }: LocalPlace, name: string): LocalPlace {
  return { path: join(path, name), isReal: true, shown: `${shown.replace(/\/$/, '')}/${name}` };
}

async function fetchFile(
  pin: LocalFilePin,
  place: LocalPlace,
  into: BlobStore,
  run: Run,
): Promise<FileHolding> {
  const { digest, size } = await hashLocalFile(place, run);
  requirePinned(digest, pin.sha256, pin.path);
  await putSingle(pin.id, { digest, size }, opening(place), into, run);
  return { kind: 'file', pin, root: { mediaType: MEDIA_TYPES.octets, digest, size } };
}
