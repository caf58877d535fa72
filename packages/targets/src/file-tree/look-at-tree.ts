import {
  type Digest,
  type FileContent,
  type FileName,
  hexOf,
  inLanes,
  isDirectoryLoad,
  type LoadFile,
  type Run,
} from '@gapferry/core';
import type { TreePath } from './file-tree.ts';
import type { SeenTreeFile } from './tree-memory.ts';
import { incomingOf, type TreePlace } from './tree-place.ts';
import { hasBegun } from './tree-records.ts';

/** A file of a load, its path at the target, and what is there. */
export interface TreeLook {
  readonly file: LoadFile;
  readonly at: TreePath;
  readonly there?: SeenTreeFile;
  /** Does the release say whether it is executable? Of directories it does. */
  readonly isInDirectory: boolean;
  /** Other bytes than wanted, which a broken import of this very release left: they are nobody's. */
  readonly isBroken: boolean;
}

export async function lookAtTree(
  place: TreePlace,
  load: FileContent | FileName,
  run: Run,
): Promise<TreeLook[]> {
  const isInDirectory = isDirectoryLoad(load);
  const look = async (file: LoadFile, inner: Run): Promise<TreeLook> => {
    const at = { path: place.keys.keyOf(file, load), item: load.item };
    const there = await place.memory.at(at, inner);
    const isBroken =
      there !== undefined && there.digest !== file.root.digest && (await hasBegun(place, inner));
    return { file, at, isInDirectory, isBroken, ...(there !== undefined && { there }) };
  };
  return await inLanes(load.files, place.lanes, look, run);
}

/** Is it there as the release wants it? The executable bit counts where the place keeps one and the release says something about it. */
export function isInPlace({ file, there, isInDirectory }: TreeLook): boolean {
  if (there?.digest !== file.root.digest) return false;
  const bit = isInDirectory ? there.executable : undefined;
  return bit === undefined || bit === (file.executable === true);
}

/** Files, one for each content, whose content is not in its place and does not wait either. */
export async function missingContents(
  place: TreePlace,
  looks: readonly TreeLook[],
  run: Run,
): Promise<TreeLook[]> {
  const wanting = looks.filter(({ file, there }) => there?.digest !== file.root.digest);
  const first = [...new Map(wanting.map((look) => [look.file.root.digest, look])).values()];
  const waits = await inLanes(first, place.lanes, (look, inner) => waiting(place, look, inner), run);
  return first.filter((_, i) => !waits[i]);
}

/** The path where a content waits for its name. */
export function waitingAt(place: TreePlace, digest: Digest, item: string): TreePath {
  return { path: `${incomingOf(place)}/${hexOf(digest)}`, item };
}

/** By its size alone: the barrier reads it. */
async function waiting(place: TreePlace, { file: { root }, at }: TreeLook, run: Run): Promise<boolean> {
  return (await place.memory.look(waitingAt(place, root.digest, at.item), run))?.size === root.size;
}
