import { canonicalBytes, type LfsObject, parseCanonicalJson, type SizedDigest } from '@gapferry/core';
import { z } from 'zod';
import { documentError, toProblems } from './problems.ts';
import { digestSchema, sizeSchema } from './schemas.ts';

/** Longer lists of LFS objects are blobs named by digest. */
export const MAX_INLINE_LFS = 1000;
/** LFS objects that one repository may have in a release. */
export const MAX_LFS_OBJECTS = 50_000;
/** Limit of one list, in bytes. */
export const LFS_LIST_LIMIT = 16_777_216;

export const lfsObjectSchema: z.ZodType<LfsObject> = z.strictObject({ oid: digestSchema, size: sizeSchema });

/** The blob that carries the LFS objects of a repository with more than `MAX_INLINE_LFS` of them: the canonical JSON of the sorted list. */
export function encodeLfsList(objects: readonly LfsObject[]): Uint8Array {
  return canonicalBytes(objects.map(({ oid, size }) => ({ oid, size })));
}

/** Throws `LIMIT_EXCEEDED`, `JSON_INVALID` or `MANIFEST_INVALID` (not sorted, one twice, not an LFS object). */
export function parseLfsList(bytes: Uint8Array, what: string): LfsObject[] {
  const value = parseCanonicalJson(bytes, what, { maxBytes: LFS_LIST_LIMIT, maxDepth: 4 });
  const parsed = z.array(lfsObjectSchema).max(MAX_LFS_OBJECTS).safeParse(value);
  if (!parsed.success) throw documentError('MANIFEST_INVALID', what, toProblems(parsed.error));
  const at = unsortedAt(parsed.data);
  if (at >= 0)
    throw documentError('MANIFEST_INVALID', what, [
      { path: `[${at}]`, message: 'LFS objects are not sorted or stand twice' },
    ]);
  return parsed.data;
}

/** Position of the first object that is not behind the one before it; -1 for a list in order. */
export function unsortedAt(objects: readonly LfsObject[]): number {
  return objects.findIndex(({ oid }, i) => i > 0 && oid <= (objects[i - 1]?.oid ?? ''));
}

/** An LFS object is a blob: its id is the sha256 of its bytes. */
export function lfsBlob({ oid, size }: LfsObject): SizedDigest {
  return { digest: oid, size };
}
