import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GapferryError, type Load } from '@gapferry/core';
import { foldName } from './fold-name.ts';
import { mapItem } from './map-item.ts';
import { errnoOf, treeError } from './tree-error.ts';

/** Refuses places that are on the disk already under another spelling: `Readme` where `README` is to go. Where the file system tells them apart nothing would break
 *  today, but the tree could not be copied to one that does not. Looks only. Throws `NAME_UNSAFE`. */
export async function requireNoStrangers(tree: string, loads: readonly Load[]): Promise<void> {
  const listings = new Map<string, Promise<readonly string[]>>();
  for (const load of loads) {
    const place = mapItem(load);
    if (place.kind !== 'oci') await requireSpelling(tree, place.path, load.item, listings);
  }
}

async function requireSpelling(
  tree: string,
  path: string,
  item: string,
  listings: Map<string, Promise<readonly string[]>>,
): Promise<void> {
  let directory = tree;
  for (const part of path.split('/')) {
    const listing = listings.get(directory) ?? list(directory);
    listings.set(directory, listing);
    const names = await listing;
    const other = names.find((name) => name !== part && foldName(name) === foldName(part));
    if (other !== undefined) throw stranger(item, path, join(directory, other));
    if (!names.includes(part)) return;
    directory = join(directory, part);
  }
}

async function list(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
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
