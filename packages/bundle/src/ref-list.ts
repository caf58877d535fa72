import { canonicalBytes, folderConflicts, type GitRef, parseCanonicalJson } from '@gapferry/core';
import { z } from 'zod';
import { documentError, toProblems } from './problems.ts';
import { gitRefSchema } from './schemas.ts';

/** Limit of one ref list, in bytes: about a million refs. */
export const REF_LIST_LIMIT = 134_217_728;

/** The blob that carries the refs of a repository with more than `MAX_INLINE_REFS` of them: the canonical JSON of the sorted list. */
export function encodeRefList(refs: readonly GitRef[]): Uint8Array {
  return canonicalBytes(refs.map(({ name, oid }) => ({ name, oid })));
}

/** Throws `LIMIT_EXCEEDED`, `JSON_INVALID` or `MANIFEST_INVALID` (not sorted, duplicate, not a ref, one a folder of another). */
export function parseRefList(bytes: Uint8Array, what: string): GitRef[] {
  const parsed = z
    .array(gitRefSchema)
    .safeParse(parseCanonicalJson(bytes, what, { maxBytes: REF_LIST_LIMIT, maxDepth: 4 }));
  if (!parsed.success) throw documentError('MANIFEST_INVALID', what, toProblems(parsed.error));
  const disorder = parsed.data.findIndex((ref, i) => i > 0 && ref.name <= (parsed.data[i - 1]?.name ?? ''));
  if (disorder >= 0)
    throw documentError('MANIFEST_INVALID', what, [
      { path: `[${disorder}]`, message: 'refs are not sorted or stand twice' },
    ]);
  const [conflict] = folderConflicts(parsed.data.map((ref) => ref.name));
  if (conflict !== undefined)
    throw documentError('MANIFEST_INVALID', what, [
      { path: '', message: `Git cannot hold both ${conflict[0]} and ${conflict[1]}` },
    ]);
  return parsed.data;
}
