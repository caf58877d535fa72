import { GapferryError, type GitRef } from '@gapferry/core';

const FORBIDDEN = /[\p{Cc} ~^:?*[\\\ufffd]/u;
const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Why a full ref name is refused, or `undefined` when it is fine: the rules of git-check-ref-format(1), only `refs/heads/` and `refs/tags/`,
 *  no part that reads like an option, and at most 1,000 bytes. */
export function refNameProblem(name: string): string | undefined {
  const short = shortRefName(name);
  if (short === undefined) return 'it is neither a branch nor a tag';
  if (short === '' || short === '@' || short.endsWith('/') || short.endsWith('.')) return 'it ends badly';
  if (!name.isWellFormed() || FORBIDDEN.test(name)) return 'it has a character that Git refuses';
  if (name.includes('..') || name.includes('@{')) return 'it has ".." or "@{"';
  if (Buffer.byteLength(name) > 1000) return 'it is longer than 1,000 bytes';
  for (const part of short.split('/')) {
    if (part === '' || part.startsWith('.') || part.endsWith('.lock')) return `its part "${part}" is refused`;
    if (part.startsWith('-')) return `its part "${part}" reads like an option`;
  }
  return undefined;
}

/** The name below `refs/heads/` or `refs/tags/`; `undefined` for any other ref. */
export function shortRefName(name: string): string | undefined {
  if (name.startsWith('refs/heads/')) return name.slice('refs/heads/'.length);
  if (name.startsWith('refs/tags/')) return name.slice('refs/tags/'.length);
  return undefined;
}

/** Throws `CONTENT_INVALID` unless every ref has a good name and an object id of the right length, no name occurs twice, and no name is a folder of another.
 *  Names that differ only in case are fine: gapferry keeps them in `packed-refs`, which is a file and not a folder per name. */
export function requireRefs(refs: readonly GitRef[], objectFormat: 'sha1' | 'sha256', what: string): void {
  const names = new Set<string>();
  for (const { name, oid } of refs) {
    const problem = refNameProblem(name);
    if (problem !== undefined) throw refused(what, `the ref name "${name.slice(0, 200)}": ${problem}`);
    if (!OID.test(oid) || (oid.length === 64) !== (objectFormat === 'sha256'))
      throw refused(what, `the object id "${oid.slice(0, 80)}" of ${name}: it is not ${objectFormat} in hex`);
    if (names.has(name)) throw refused(what, `the ref name "${name}": it occurs twice`);
    names.add(name);
  }
  for (const name of names)
    for (const folder of foldersOf(name))
      if (names.has(folder)) throw refused(what, `the ref name "${name}": "${folder}" is a ref too`);
}

function foldersOf(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(2, -1).map((_, index) => parts.slice(0, index + 3).join('/'));
}

function refused(what: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: `${what} is refused because of ${why}`,
    hint: 'rename the ref upstream, or leave it out with `refs:`',
  });
}

/** JavaScript's own string order, the order of a pin. */
export function byRefName(a: GitRef, b: GitRef): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
