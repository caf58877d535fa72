import {
  type FileContent,
  foldName,
  GapferryError,
  type Load,
  printable,
  type Run,
  totalSize,
  unsafePathReason,
} from '@gapferry/core';
import { allTroubles } from '../all-troubles.ts';
import { requireDistinctPlaces } from '../distinct-places.ts';
import type { TreePath } from './file-tree.ts';
import { lookAtTree, missingContents } from './look-at-tree.ts';
import { HIDDEN, sumsOf, type TreePlace, toTreeFiles } from './tree-place.ts';
import { ownTreeIndex, requireOwnSums } from './tree-records.ts';

/** Looks at the place before anything is written: can it be used, are the names good there, is nothing of somebody else in the way, is there room. */
export async function preflightTree(place: TreePlace, loads: readonly Load[], run: Run): Promise<void> {
  const files = loads.map((load) => toTreeFiles(load, place.target));
  requireDistinctPlaces(loads);
  const paths = files.flatMap((load) =>
    load.files.map((file) => ({ path: place.keys.keyOf(file, load), item: load.item })),
  );
  for (const at of paths) requireGood(place, at);
  const { canMove } = await place.tree.probe(run);
  if (!canMove) requireOwnPaths(place, run);
  await place.tree.requireSpelling(paths, run);
  await allTroubles([
    () => ownTreeIndex(place, run),
    () => requireOwnSums(place, run),
    () => requireRoom(place, files, run),
  ]);
}

async function requireRoom(
  place: TreePlace,
  files: ReadonlyArray<ReturnType<typeof toTreeFiles>>,
  run: Run,
): Promise<void> {
  let [count, bytes] = [0, 0];
  for (const load of files.filter((one): one is FileContent => one.phase === 'content')) {
    const lacking = await missingContents(place, await lookAtTree(place, load, run), run);
    count += lacking.length;
    bytes += totalSize(lacking.map(({ file }) => file.root));
  }
  await place.tree.requireRoom({ files: count, bytes }, run);
}

/** Without a move every file is seen as soon as it is written: only where nobody was told to look that harms nobody. */
function requireOwnPaths({ isByRelease, tree, target }: TreePlace, run: Run): void {
  if (!isByRelease)
    throw new GapferryError({
      code: 'CONFIG_INVALID',
      message: `${tree.place} cannot move files (it offers no MOVE), so readers of target ${target} would see half of a release`,
      hint: 'give each release paths of its own, `path: "{channel}/{version}/{path}"`, or let the server move',
      origin: 'site',
      data: { target },
    });
  run.emit({
    kind: 'warning',
    message: `${tree.place} of target ${target} cannot move files (it offers no MOVE): they are written under their final names, and SHA256SUMS says when they are whole`,
  });
}

/** What the template adds must be good as well, and our own files must not be files of a release. */
function requireGood(place: TreePlace, { path, item }: TreePath): void {
  const folded = foldName(path);
  const isOurs = folded === foldName(sumsOf(place)) || folded.split('/')[0] === HIDDEN;
  const problem = isOurs ? 'gapferry writes a file of that name itself' : unsafePathReason(path);
  if (problem === undefined) return;
  throw new GapferryError({
    code: 'NAME_UNSAFE',
    message: `${item} cannot be loaded to ${printable(path.slice(0, 300))} at target ${place.target}: ${problem}`,
    hint: 'give the item another name with `as:` in bundle.yaml, or a directory of its own with `path` of the target',
    origin: 'target',
    data: { item, path, target: place.target },
  });
}
