import { createHash } from 'node:crypto';
import {
  canonicalBytes,
  GIT_OBJECT_LIMITS,
  type GitObject,
  type GitRef,
  parseCanonicalJson,
} from '@gapferry/core';
import { z } from 'zod';
import { describeItem, type GitItem } from './manifest.ts';
import { signerKey } from './merge-git-checks.ts';
import { documentError, type Problem, toProblems } from './problems.ts';
import { oidSchema } from './schemas.ts';

/** Limit of one blob of signed objects, in bytes: what `GIT_OBJECT_LIMITS` allows, in base64. */
export const SIGNED_OBJECTS_LIMIT = 16_777_216;

const schema = z
  .array(
    z.strictObject({
      oid: oidSchema,
      type: z.enum(['commit', 'tag']),
      content: z.string().regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, {
        error: 'must be base64',
      }),
    }),
  )
  .min(1)
  .max(GIT_OBJECT_LIMITS.objects);

/** The blob that carries the tags and commits whose signatures were checked: the canonical JSON of the list, sorted by id. */
export function encodeSignedObjects(objects: readonly GitObject[]): Uint8Array {
  const sorted = [...objects].sort((a, b) => (a.oid < b.oid ? -1 : 1));
  return canonicalBytes(
    sorted.map(({ oid, type, content }) => ({ oid, type, content: Buffer.from(content).toString('base64') })),
  );
}

/** Objects by id, each proved to be what its id says: the hash of its type, its length and its content. Throws `LIMIT_EXCEEDED`, `JSON_INVALID` or `MANIFEST_INVALID`. */
export function parseSignedObjects(bytes: Uint8Array, what: string): ReadonlyMap<string, GitObject> {
  const value = parseCanonicalJson(bytes, what, { maxBytes: SIGNED_OBJECTS_LIMIT, maxDepth: 4 });
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw documentError('MANIFEST_INVALID', what, toProblems(parsed.error));
  const objects = parsed.data.map(({ oid, type, content }) => ({
    oid,
    type,
    content: Buffer.from(content, 'base64'),
  }));
  const problems = objects.flatMap((object, i) => problemsOf(object, parsed.data[i], objects[i - 1], i));
  if (problems.length > 0) throw documentError('MANIFEST_INVALID', what, problems);
  return new Map(objects.map((object) => [object.oid, object]));
}

function problemsOf(
  { oid, type, content }: GitObject,
  written: { readonly content: string } | undefined,
  before: GitObject | undefined,
  i: number,
): Problem[] {
  const path = `[${i}]`;
  return [
    ...(before === undefined || before.oid < oid
      ? []
      : [{ path, message: 'objects are not sorted or stand twice' }]),
    ...(content.byteLength <= GIT_OBJECT_LIMITS.bytes
      ? []
      : [{ path, message: `it has more than ${GIT_OBJECT_LIMITS.bytes} bytes` }]),
    // Bits behind the last byte would be a second spelling.
    ...(Buffer.from(content).toString('base64') === written?.content
      ? []
      : [{ path, message: 'its base64 is not the usual one' }]),
    ...(gitOid(type, content, oid.length) === oid ? [] : [{ path, message: `it is not ${type} ${oid}` }]),
  ];
}

/** git's name for an object: sha1 or sha256, by the length of the id (gitrepository-layout, gitformat-pack). */
function gitOid(type: GitObject['type'], content: Uint8Array, length: number): string {
  const hash = createHash(length === 40 ? 'sha1' : 'sha256');
  return hash.update(`${type} ${content.byteLength}\0`).update(content).digest('hex');
}

/** What a repository carries so that its signatures can be checked again: of each ref in `checked` the tag or commit that it names, and nothing else. `refs` are all of the item's.
 *  Throws like `parseSignedObjects`. */
export function signedObjectsOf(
  item: GitItem,
  refs: readonly GitRef[],
  bytes: Uint8Array,
): ReadonlyMap<string, GitObject> {
  const what = `the signed tags and commits of ${describeItem(item)}`;
  const objects = parseSignedObjects(bytes, what);
  const oids = new Map(refs.map(({ name, oid }) => [name, oid]));
  const named = new Set(
    (item.checked ?? []).flatMap((check) => check.refs.map((name) => oids.get(name) ?? name)),
  );
  const missing = [...named].find((oid) => !objects.has(oid));
  const extra = [...objects.keys()].find((oid) => !named.has(oid));
  const problems = [
    ...(missing === undefined ? [] : [{ path: '', message: `${missing} was checked and is not among them` }]),
    ...(extra === undefined ? [] : [{ path: '', message: `no ref that was checked names ${extra}` }]),
  ];
  if (problems.length > 0) throw documentError('MANIFEST_INVALID', what, problems);
  return objects;
}

/** What is wrong with an item's `checked` and `signed`, as far as the manifest shows it; what `signed` holds is looked at by whoever reads it. */
export function gitCheckProblems({ refs, checked = [], signed }: GitItem): string[] {
  const names = 'list' in refs ? undefined : new Set(refs.map(({ name }) => name));
  const foreign = checked.flatMap((check) => check.refs).find((name) => names?.has(name) === false);
  const keys = checked.map(signerKey);
  return [
    ...((signed === undefined) === (checked.length === 0)
      ? []
      : ['what was checked and the signed tags and commits come together']),
    ...(foreign === undefined ? [] : [`what was checked names ${foreign}, which is not one of its refs`]),
    ...(keys.every((key, i) => i === 0 || (keys[i - 1] ?? '') < key)
      ? []
      : ['what was checked is not sorted, or names somebody twice']),
    ...(checked.every((check) => isRising(check.refs))
      ? []
      : ['refs that were checked are not sorted, or stand twice']),
  ];
}

function isRising(names: readonly string[]): boolean {
  return names.every((name, i) => i === 0 || (names[i - 1] ?? '') < name);
}
