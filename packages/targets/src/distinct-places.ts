import { foldName, GapferryError, isDirectoryLoad, type Load } from '@gapferry/core';
import { mapItem, ociName, pathsTaken } from './map-item.ts';

/** Refuses loads that would fall together: two contents under one name, directories or files that are one on a case-insensitive file system, and
 *  one that would lie inside another. Pure. Throws `NAME_UNSAFE`, naming both items, before anything is written. */
export function requireDistinctPlaces(loads: readonly Load[]): void {
  requireOneRootPerName(loads);
  const owners = new Map<string, Owner>();
  for (const owner of ownersOf(loads)) claim(owners, owner);
  for (const owner of owners.values()) requireFreeWay(owners, owner);
}

interface Owner {
  readonly path: string;
  readonly item: string;
  /** Takes everything below its path, for its own files. */
  readonly isDirectory?: true;
}

function requireOneRootPerName(loads: readonly Load[]): void {
  const roots = new Map<string, { digest: string; item: string }>();
  for (const load of loads) {
    if (load.phase !== 'name' || load.kind !== 'oci') continue;
    const name = ociName(load);
    const other = roots.get(name);
    if (other !== undefined && other.digest !== load.root.digest)
      throw together(other.item, load.item, `both would be ${name}`);
    roots.set(name, { digest: load.root.digest, item: load.item });
  }
}

/** Directories of repositories, directories and paths of files, below the root of the embedded depot. */
function* ownersOf(loads: readonly Load[]): Generator<Owner> {
  for (const load of loads) {
    const { item } = load;
    const place = mapItem(load);
    if (load.kind === 'file' && isDirectoryLoad(load) && place.kind === 'file')
      yield { path: place.path, item, isDirectory: true };
    for (const path of pathsTaken(load)) yield { path, item };
  }
}

function claim(owners: Map<string, Owner>, owner: Owner): void {
  const { path, item } = owner;
  const folded = foldName(path);
  const other = owners.get(folded);
  if (other !== undefined && (other.path !== path || other.item !== item))
    throw together(other.item, item, `${other.path} and ${path} are one name on some file systems`);
  owners.set(folded, owner);
}

/** No part of the way to a place may be a place itself. */
function requireFreeWay(owners: ReadonlyMap<string, Owner>, { path, item }: Owner): void {
  const parts = foldName(path).split('/');
  for (let length = 2; length < parts.length; length++) {
    const above = owners.get(parts.slice(0, length).join('/'));
    if (above !== undefined && !(above.isDirectory && above.item === item))
      throw together(above.item, item, `${path} would lie inside ${above.path}`);
  }
}

function together(one: string, other: string, why: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: `${one} and ${other} cannot both be loaded: ${why}`,
    hint: 'give one of them another name with `as:` in bundle.yaml',
    origin: 'target',
    data: { items: [one, other] },
  });
}
