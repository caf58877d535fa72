import {
  type BlobStore,
  type Bytes,
  canonicalBytes,
  type Digest,
  type DirectoryFile,
  digestOf,
  GapferryError,
  inLanes,
  pathClashes,
  printable,
  type Run,
  type SizedDigest,
  totalSize,
  uniqueByDigest,
  unsafePathReason,
} from '@gapferry/core';

/** Files of a directory that are read, or put into the depot, at a time. */
export const AT_ONCE = 8;
/** Files that one directory may have. */
export const MAX_FILES = 100_000;

/** The identity of a directory: sha256 of the canonical JSON of the sorted list of its files. */
export function listDigest(files: readonly DirectoryFile[]): Digest {
  return digestOf(canonicalBytes(files));
}

/** Refuses a name that not every file system can hold. `shown`: the directory. Throws `NAME_UNSAFE`. */
export function requireSafeName(path: string, shown: string): void {
  const reason = path.includes('\ufffd') ? 'it is not UTF-8' : unsafePathReason(path);
  if (reason === undefined) return;
  throw new GapferryError({
    code: 'NAME_UNSAFE',
    message: printable(`the name "${path.slice(0, 200)}" in ${shown} is refused: ${reason}`),
    hint: 'rename it: inside it has to lie on file systems and in stores that do not take such names',
    origin: 'source',
    data: { path, directory: shown },
  });
}

/** Refuses names that fall together on some file systems, and a directory without files. Throws `NAME_UNSAFE`, `CONTENT_INVALID`. */
export function requireDirectory(paths: readonly string[], shown: string): void {
  if (paths.length === 0)
    throw new GapferryError({
      code: 'CONTENT_INVALID',
      message: printable(`the directory ${shown} has no files`),
      hint: 'put the files there, or take the line out of bundle.yaml',
      origin: 'source',
    });
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

/** Throws `DIGEST_MISMATCH` where it is another one than is pinned. */
export function requirePinned(found: Digest, wanted: Digest, shown: string): void {
  if (found === wanted) return;
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: printable(`${shown} is ${found}; the lock says ${wanted}`),
    hint: 'it changed since it was resolved: run "gapferry resolve", look at what changed in the lock, and commit it',
    origin: 'source',
    data: { path: shown, found, wanted },
  });
}

/** Opens a file at an offset. */
export type OpenFile = (from: number, run: Run) => Bytes;

/** Brings the bytes of a directory's files into a store, equal ones once. */
export async function putDirectory(
  item: string,
  files: readonly DirectoryFile[],
  opened: (file: DirectoryFile) => Promise<OpenFile>,
  into: BlobStore,
  run: Run,
): Promise<void> {
  const byDigest = new Map(files.map((file) => [file.digest, file]));
  const distinct = uniqueByDigest(byDigest.values());
  await inEvents(item, totalSize(distinct), run, async () => {
    const put = async (file: DirectoryFile, inner: Run): Promise<boolean> =>
      await putFile(item, file, await opened(file), into, inner);
    const reused = await inLanes(distinct, AT_ONCE, put, run);
    return reused.every((one) => one);
  });
}

/** Brings one file. */
export async function putSingle(
  item: string,
  blob: SizedDigest,
  open: OpenFile,
  into: BlobStore,
  run: Run,
): Promise<void> {
  await inEvents(item, blob.size, run, () => putFile(item, blob, open, into, run));
}

/** True when the store had it. */
async function putFile(
  item: string,
  { digest, size }: SizedDigest,
  open: OpenFile,
  into: BlobStore,
  run: Run,
): Promise<boolean> {
  const told = (bytes: number): void => run.emit({ kind: 'bytes', item, bytes, reused: true });
  const read = async function* (from: number): Bytes {
    if (from > 0) told(from);
    for await (const chunk of open(from, run)) {
      yield chunk;
      run.emit({ kind: 'bytes', item, bytes: chunk.byteLength });
    }
  };
  const { reused } = await into.put({ digest, size }, read, run);
  if (reused) told(size);
  return reused;
}

async function inEvents(item: string, bytes: number, run: Run, act: () => Promise<boolean>): Promise<void> {
  run.emit({ kind: 'item-started', item, bytes });
  const reused = await act();
  run.emit({ kind: 'item-done', item, outcome: reused ? 'reused' : 'done', bytes });
}
