import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { foldName, GapferryError, type Load } from '@gapferry/core';
import { pathsTaken } from './map-item.ts';
import { errnoOf, treeError } from './tree-error.ts';

/** Refuses places that are on the disk already under another spelling: `Readme` where `README` is to go. Where the file system tells them apart nothing would break
 *  today, but the tree could not be copied to one that does not. Looks only. Throws `NAME_UNSAFE`. */
export async function requireNoStrangers(tree: string, loads: readonly Load[]): Promise<void> {
  const listings: Listings = new Map();
  for (const load of loads)
    for (const path of pathsTaken(load)) await requireSpelling(tree, path, load.item, listings);
}

/** Names as file systems compare them, and how they are spelled in the directory. */
export type Listing = ReadonlyMap<string, readonly string[]>;
export type Listings = Map<string, Promise<Listing>>;

/** `listings`: of directories that were looked at already. */
export async function requireSpelling(
  tree: string,
  path: string,
  item: string,
  listings: Listings,
): Promise<void> {
  let directory = tree;
  for (const part of path.split('/')) {
    const listing = listings.get(directory) ?? list(directory);
    listings.set(directory, listing);
    const spellings = (await listing).get(foldName(part)) ?? [];
    const other = spellings.find((name) => name !== part);
    if (other !== undefined) throw stranger(item, path, join(directory, other));
    if (spellings.length === 0) return;
    directory = join(directory, part);
  }
}

async function list(directory: string): Promise<Listing> {
  try {
    return Map.groupBy(await readdir(directory), foldName);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return new Map();
    throw treeError('list', directory, error);
  }
}

function stranger(item: string, path: string, there: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: `${item} cannot be loaded to ${path}: ${there} is there, which is the same name on some file systems`,
    hint: 'move that away, or give the item another name with `as:` in bundle.yaml',
    origin: 'target',
    data: { item, path, there },
  });
}
