import { folderConflicts, GapferryError, type GitRef, refNameProblem } from '@gapferry/core';

const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

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
  const [conflict] = folderConflicts([...names]);
  if (conflict !== undefined)
    throw refused(what, `the ref name "${conflict[1]}": "${conflict[0]}" is a ref too`);
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
