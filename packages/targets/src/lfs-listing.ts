import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, hexOf, isDigest, type Run, type SizedDigest } from '@gapferry/core';
import { INCOMING, LFS_LISTING } from './embedded-tree.ts';
import { errnoOf, treeError } from './tree-error.ts';
import { writeTreeFile } from './tree-write.ts';

/** The Git LFS objects of one bare repository: their bytes are blobs of the depot, which are nobody's in particular. Sorted lines, `<64 hex digits> <bytes>`.
 *  Objects of earlier releases stay: commits that somebody still has may need them. */
export async function listedObjects(directory: string): Promise<ReadonlyMap<Digest, number>> {
  const path = join(directory, LFS_LISTING);
  const text = await readRegular(path);
  const listed = new Map<Digest, number>();
  for (const line of text.split('\n')) {
    const [hex = '', size = ''] = line.split(' ');
    const digest = `sha256:${hex}`;
    if (isDigest(digest) && /^\d{1,16}$/.test(size)) listed.set(digest, Number(size));
  }
  return listed;
}

/** Those that the repository does not list. */
export async function unlistedOf(
  directory: string,
  objects: readonly SizedDigest[],
): Promise<readonly SizedDigest[]> {
  if (objects.length === 0) return [];
  const listed = await listedObjects(directory);
  return objects.filter(({ digest, size }) => listed.get(digest) !== size);
}

/** Adds objects to those that the repository lists, in one rename. `tree`: root of the embedded depot. */
export async function listObjects(
  tree: string,
  directory: string,
  objects: readonly SizedDigest[],
  run: Run,
): Promise<void> {
  const listed = new Map(await listedObjects(directory));
  for (const { digest, size } of objects) listed.set(digest, size);
  const lines = [...listed]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([digest, size]) => `${hexOf(digest)} ${size}\n`);
  const bytes = (async function* () {
    yield Buffer.from(lines.join(''));
  })();
  await writeTreeFile(
    { incoming: join(tree, INCOMING), root: directory, path: LFS_LISTING, bytes, last: async () => {} },
    run,
  );
}

async function readRegular(path: string): Promise<string> {
  try {
    return (await lstat(path)).isFile() ? await readFile(path, 'latin1') : '';
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return '';
    throw treeError('read', path, error);
  }
}
