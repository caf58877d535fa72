import {
  canonicalBytes,
  type Digest,
  type DirectoryFile,
  digestOf,
  parseCanonicalJson,
  pathClashes,
  type SizedDigest,
  uniqueByDigest,
  unsafePathReason,
} from '@gapferry/core';
import { z } from 'zod';
import { documentError, toProblems } from './problems.ts';
import { digestSchema, sizeSchema } from './schemas.ts';

/** Longer lists of the files of a directory are blobs named by digest. */
export const MAX_INLINE_FILES = 1000;
/** Files that one directory may have in a release. */
export const MAX_FILES = 100_000;
/** Limit of one list, in bytes. */
export const FILE_LIST_LIMIT = 33_554_432;
/** Limit of the lists of all directories of a release together, in bytes: one list may be that of many. */
export const FILE_LISTS_LIMIT = 134_217_728;

export const directoryFileSchema: z.ZodType<DirectoryFile> = z.strictObject({
  path: z.string().min(1).max(1000),
  digest: digestSchema,
  size: sizeSchema,
  executable: z.literal(true).optional(),
}) as unknown as z.ZodType<DirectoryFile>;

/** The canonical JSON of the sorted list of a directory's files: what a pin names, and the blob that carries more than `MAX_INLINE_FILES` of them. */
export function encodeFileList(files: readonly DirectoryFile[]): Uint8Array {
  return canonicalBytes(
    files.map(({ path, digest, size, executable }) => ({
      path,
      digest,
      size,
      ...(executable && { executable }),
    })),
  );
}

export function fileListDigest(files: readonly DirectoryFile[]): Digest {
  return digestOf(encodeFileList(files));
}

/** Throws `LIMIT_EXCEEDED`, `JSON_INVALID` or `MANIFEST_INVALID` (not sorted, a path twice or not safe, two that fall together). */
export function parseFileList(bytes: Uint8Array, directory: string, what: string): DirectoryFile[] {
  const value = parseCanonicalJson(bytes, what, { maxBytes: FILE_LIST_LIMIT, maxDepth: 4 });
  const parsed = z.array(directoryFileSchema).min(1).max(MAX_FILES).safeParse(value);
  if (!parsed.success) throw documentError('MANIFEST_INVALID', what, toProblems(parsed.error));
  const problems = fileListProblems(parsed.data, directory);
  if (problems.length > 0)
    throw documentError(
      'MANIFEST_INVALID',
      what,
      problems.slice(0, 100).map((message) => ({ path: '', message })),
    );
  return parsed.data;
}

/** What keeps the files from being written below a directory everywhere. `directory`: its id, with a slash at the end. */
export function fileListProblems(files: readonly DirectoryFile[], directory: string): string[] {
  const paths = files.map(({ path }) => path);
  const disorder = paths.findIndex((path, i) => i > 0 && path <= (paths[i - 1] ?? ''));
  return [
    ...(disorder < 0 ? [] : [`its file ${paths[disorder]} is out of order or stands twice`]),
    ...paths.flatMap((path) => {
      const reason = unsafePathReason(path) ?? unsafePathReason(`${directory}${path}`);
      return reason === undefined ? [] : [`the name of its file ${path} is not safe: ${reason}`];
    }),
    ...pathClashes(paths).map(([a, b]) =>
      a === b
        ? `${a} would be both a file and a directory`
        : `${a} and ${b} would have the same name on some file systems`,
    ),
  ];
}

/** The bytes of a directory's files, each once, sorted. */
export function fileBlobs(files: readonly DirectoryFile[]): SizedDigest[] {
  return uniqueByDigest(files.map(({ digest, size }) => ({ digest, size })));
}
