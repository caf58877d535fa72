import {
  type BlobStore,
  type BucketDirectoryPin,
  checkRun,
  type DirectoryFile,
  GapferryError,
  printable,
  type Run,
} from '@gapferry/core';
import {
  AT_ONCE,
  listDigest,
  MAX_FILES,
  putDirectory,
  requireDirectory,
  requirePinned,
  requireSafeName,
} from './directory-files.ts';
import { eachLimited } from './each-limited.ts';
import { type FileReading, objectOrigin, readObject } from './file-origin.ts';
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
  return await eachLimited(objects, AT_ONCE, run, async (object, inner) => {
    const { sha256: digest, size } = await learner.learn(originOf(directory, object), inner);
    return { path: object.key.slice(directory.prefix.length), digest, size };
  });
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
  const opened = async ({ path, digest, size }: DirectoryFile) =>
    (await learner.kept({ sha256: digest, size })) ??
    ((from: number, inner: Run) => bucket.open({ key: `${prefix}${path}`, item, size }, from, inner));
  await putDirectory(pin.id, files, opened, into, run);
  for (const { digest, size } of files) await learner.forget({ sha256: digest, size });
}

async function listFiles(directory: BucketDirectory, run: Run): Promise<ListedObject[]> {
  const { bucket, prefix } = directory;
  const objects: ListedObject[] = [];
  for await (const object of bucket.list(prefix, run)) {
    checkRun(run);
    if (object.key.endsWith('/')) continue;
    requireSafeName(object.key.slice(prefix.length), shownOf(directory));
    objects.push(object);
    if (objects.length > MAX_FILES)
      throw new GapferryError({
        code: 'LIMIT_EXCEEDED',
        message: printable(`${shownOf(directory)} has more than ${MAX_FILES} objects`),
        hint: 'take parts of it, each with a line of its own',
        origin: 'source',
      });
  }
  objects.sort((a, b) => (a.key < b.key ? -1 : 1));
  requireDirectory(
    objects.map(({ key }) => key.slice(prefix.length)),
    shownOf(directory),
  );
  return objects;
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
