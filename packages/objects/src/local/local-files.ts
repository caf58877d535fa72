import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type BlobStore,
  type Bytes,
  canonicalBytes,
  type Digest,
  type DirectoryFile,
  digestOf,
  type FileHolding,
  GapferryError,
  type LocalDirectoryPin,
  type LocalFilePin,
  type LocalFileWish,
  MEDIA_TYPES,
  pathClashes,
  printable,
  type Run,
  type SizedDigest,
  totalSize,
  uniqueByDigest,
  wishDigest,
} from '@gapferry/core';
import { eachLimited } from '../each-limited.ts';
import { unreadablePlace } from './local-error.ts';
import { hashLocalFile, type LocalPlace, readLocalFile } from './read-local-file.ts';
import { walkDirectory } from './walk-directory.ts';

export interface LocalFiles {
  resolve(wish: LocalFileWish, run: Run): Promise<LocalFilePin | LocalDirectoryPin>;
  fetch(pin: LocalFilePin | LocalDirectoryPin, into: BlobStore, run: Run): Promise<FileHolding>;
}

/** Files of a directory that are hashed, or put into the depot, at a time. */
const AT_ONCE = 8;

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
      const files = await hashDirectory(place, run);
      known.set(path, files);
      return { ...base, id: `${as}/`, files: listDigest(files) };
    },
    async fetch(pin, into, run) {
      const place = placeOf(pin.path);
      if ('sha256' in pin) return await fetchFile(pin, place, into, run);
      const before = known.get(pin.path);
      const files =
        before !== undefined && listDigest(before) === pin.files ? before : await hashDirectory(place, run);
      requireSame(listDigest(files), pin.files, pin.path);
      return await fetchDirectory(pin, place, files, into, run);
    },
  };
}

async function isDirectory({ path, shown }: LocalPlace): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw unreadablePlace(shown, error);
  }
}

async function hashDirectory({ path, shown }: LocalPlace, run: Run): Promise<DirectoryFile[]> {
  const paths = await walkDirectory(path, shown, run);
  if (paths.length === 0)
    throw new GapferryError({
      code: 'CONTENT_INVALID',
      message: `the directory ${shown} has no files`,
      hint: 'put the files there, or take the line out of bundle.yaml',
      origin: 'source',
    });
  requireApart(paths, shown);
  return await eachLimited(paths, AT_ONCE, run, async (name, inner) => {
    const { executable, ...file } = await hashLocalFile(fileIn({ path, shown }, name), inner);
    return { path: name, ...file, ...(executable && { executable }) };
  });
}

function requireApart(paths: readonly string[], shown: string): void {
  const [clash] = pathClashes(paths);
  if (clash === undefined) return;
  throw new GapferryError({
    code: 'NAME_UNSAFE',
    message: printable(
      `${clash[0]} and ${clash[1]} in ${shown} would have the same name on some file systems`,
    ),
    hint: 'rename one of them',
    origin: 'source',
    data: { path: shown, names: clash },
  });
}

function fileIn({ path, shown }: LocalPlace, name: string): LocalPlace {
  return { path: `${path}/${name}`, shown: `${shown.replace(/\/$/, '')}/${name}` };
}

/** The identity of a directory: see `LocalDirectoryPin`. */
function listDigest(files: readonly DirectoryFile[]): Digest {
  return digestOf(canonicalBytes(files));
}

async function fetchFile(
  pin: LocalFilePin,
  place: LocalPlace,
  into: BlobStore,
  run: Run,
): Promise<FileHolding> {
  const { digest, size } = await hashLocalFile(place, run);
  requireSame(digest, pin.sha256, pin.path);
  await inEvents(pin.id, size, run, () => put({ digest, size }, place, pin.id, into, run));
  return { kind: 'file', pin, root: { mediaType: MEDIA_TYPES.octets, digest, size } };
}

async function fetchDirectory(
  pin: LocalDirectoryPin,
  place: LocalPlace,
  files: readonly DirectoryFile[],
  into: BlobStore,
  run: Run,
): Promise<FileHolding> {
  const paths = new Map(files.map(({ digest, path }) => [digest, path]));
  const blobs = uniqueByDigest(files.map(({ digest, size }) => ({ digest, size })));
  const putOne = (blob: SizedDigest, inner: Run): Promise<boolean> =>
    put(blob, fileIn(place, paths.get(blob.digest) ?? ''), pin.id, into, inner);
  await inEvents(pin.id, totalSize(blobs), run, async () =>
    (await eachLimited(blobs, AT_ONCE, run, putOne)).every((reused) => reused),
  );
  return { kind: 'file', pin, files };
}

/** True when the store had it. */
async function put(
  blob: SizedDigest,
  place: LocalPlace,
  item: string,
  into: BlobStore,
  run: Run,
): Promise<boolean> {
  const told = (bytes: number): void => run.emit({ kind: 'bytes', item, bytes, reused: true });
  const read = async function* (from: number): Bytes {
    if (from > 0) told(from);
    for await (const chunk of readLocalFile(place, from, run)) {
      yield chunk;
      run.emit({ kind: 'bytes', item, bytes: chunk.byteLength });
    }
  };
  const { reused } = await into.put(blob, read, run);
  if (reused) told(blob.size);
  return reused;
}

async function inEvents(item: string, bytes: number, run: Run, act: () => Promise<boolean>): Promise<void> {
  run.emit({ kind: 'item-started', item, bytes });
  const reused = await act();
  run.emit({ kind: 'item-done', item, outcome: reused ? 'reused' : 'done', bytes });
}

function requireSame(found: Digest, wanted: Digest, shown: string): void {
  if (found === wanted) return;
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${shown} is ${found}; the lock says ${wanted}`,
    hint: 'it changed since it was resolved: run "gapferry resolve", look at what changed in the lock, and commit it',
    origin: 'source',
    data: { path: shown, found, wanted },
  });
}
