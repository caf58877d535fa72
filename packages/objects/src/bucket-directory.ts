import {
  type BlobStore,
  type BucketDirectoryPin,
  checkRun,
  type DirectoryFile,
  GapferryError,
  inLanes,
  isGapferryError,
  printable,
  type Run,
} from '@gapferry/core';
import {
  AT_ONCE,
  listDigest,
  MAX_FILES,
  type OpenFile,
  putDirectory,
  requireDirectory,
  requirePinned,
  requireSafeName,
} from './directory-files.ts';
import { objectOrigin, readObject } from './file-origin.ts';
import type { FileReading } from './file-reading.ts';
import type { FileLearner } from './learn-file.ts';
import type { ListedObject, S3Bucket } from './s3/s3-bucket.ts';

/** All objects below a prefix of a bucket, as a directory. */
export interface BucketDirectory {
  readonly bucket: S3Bucket;
  /** Empty, or with a slash at the end. */
  readonly prefix: string;
  /** The item, for messages and progress. */
  readonly item: string;
  readonly learner: FileLearner;
}

/** Lists the objects, and reads those that changed since they were read last: their ETag says so, and nothing else is taken from it. An object whose key ends with a slash is no file.
 *  Throws `NAME_UNSAFE`, `CONTENT_INVALID`, `LIMIT_EXCEEDED`, and what asking throws. */
export async function readBucketDirectory(directory: BucketDirectory, run: Run): Promise<DirectoryFile[]> {
  const objects = await listFiles(directory, run);
  const { learner } = directory;
  const learn = async (object: ListedObject, inner: Run): Promise<DirectoryFile> => {
    const { sha256: digest, size } = await learner.learn(originOf(directory, object), inner);
    return { path: object.key.slice(directory.prefix.length), digest, size };
  };
  return await inLanes(objects, AT_ONCE, learn, run);
}

/** Brings what is pinned. Throws `DIGEST_MISMATCH` where the directory is another one. */
export async function fetchBucketDirectory(
  directory: BucketDirectory,
  pin: BucketDirectoryPin,
  files: readonly DirectoryFile[],
  into: BlobStore,
  run: Run,
): Promise<void> {
  const { bucket, prefix, item, learner } = directory;
  requirePinned(listDigest(files), pin.files, shownOf(directory));
  const fromBucket =
    ({ path, size }: DirectoryFile) =>
    (from: number, inner: Run) =>
      bucket.open({ key: `${prefix}${path}`, item, size }, from, inner);
  let hasKept = false;
  const opened = async (file: DirectoryFile): Promise<OpenFile> => {
    const kept = await learner.kept({ sha256: file.digest, size: file.size });
    hasKept ||= kept !== undefined;
    return kept ?? fromBucket(file);
  };
  const forget = async (): Promise<void> => {
    for (const { digest, size } of files) await learner.forget({ sha256: digest, size });
  };
  try {
    await putDirectory(pin.id, files, opened, into, run);
  } catch (error) {
    if (!hasKept || !isGapferryError(error) || error.category !== 'integrity') throw error;
    // What was kept is not what it should be: lost power can do that.
    await forget();
    await putDirectory(pin.id, files, async (file) => fromBucket(file), into, run);
  }
  await forget();
}

async function listFiles(directory: BucketDirectory, run: Run): Promise<ListedObject[]> {
  const { bucket, prefix } = directory;
  const objects: ListedObject[] = [];
  let folders = 0;
  for await (const object of bucket.list(prefix, run)) {
    checkRun(run);
    if (object.key.endsWith('/')) folders += 1;
    else {
      requireSafeName(object.key.slice(prefix.length), shownOf(directory));
      objects.push(object);
    }
    if (Math.max(objects.length, folders) > MAX_FILES) throw tooMany(directory);
  }
  objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  const twice = objects.find(({ key }, at) => key === objects[at - 1]?.key);
  if (twice !== undefined)
    throw new GapferryError({
      code: 'PROTOCOL_VIOLATION',
      message: printable(`${bucket.place} lists the object ${twice.key} twice`),
      hint: 'run the same command again; if it stays so, the store lists wrongly',
      origin: 'source',
    });
  requireDirectory(
    objects.map(({ key }) => key.slice(prefix.length)),
    shownOf(directory),
  );
  return objects;
}

function tooMany(directory: BucketDirectory): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: printable(`${shownOf(directory)} has more than ${MAX_FILES} objects`),
    hint: 'take parts of it, each with a line of its own',
    origin: 'source',
  });
}

/** The list has said already what a question about each would say. */
function originOf({ bucket, item }: BucketDirectory, { key, etag, size }: ListedObject) {
  return {
    ...objectOrigin(bucket, { key }, item),
    state: async (before: { readonly etag?: string } | undefined) =>
      before?.etag === etag ? ('unchanged' as const) : { etag },
    read: (reading: FileReading, run: Run) => readObject(bucket, { key, item, size, etag }, reading, run),
  };
}

function shownOf({ bucket, prefix }: BucketDirectory): string {
  return printable(`${bucket.place}/${prefix}`);
}
