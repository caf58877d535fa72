import { join } from 'node:path';
import {
  type FileName,
  GapferryError,
  type LoadOutcome,
  type NameState,
  type Presence,
  type Run,
  requireSafePath,
} from '@gapferry/core';
import type { EmbeddedStore } from './embedded-store.ts';
import { embeddedRoots, INCOMING } from './embedded-tree.ts';
import { isSame, requireReplaceable, toPresence } from './name-state.ts';
import { identityAt, type SeenFile, seeFile } from './tree-look.ts';
import { writeTreeFile } from './tree-write.ts';

export interface FilesPlace {
  readonly target: string;
  /** Root of the embedded depot. */
  readonly tree: string;
  readonly store: EmbeddedStore;
}

export async function inspectFileName(place: FilesPlace, file: FileName, run: Run): Promise<Presence> {
  return toPresence(stateOf(await see(place, file, run)), wantedOf(file));
}

/** Makes files visible, after every one of them was judged.
 *  The visible file is a copy of the blob, hashed while it is written: a hard link would let an edit in place damage the blob, and a reflink would pass on unread what lies on the disk. */
export async function loadFileNames(
  place: FilesPlace,
  files: readonly FileName[],
  run: Run,
): Promise<LoadOutcome[]> {
  const seen = new Map<FileName, SeenFile | undefined>();
  for (const file of files) seen.set(file, await judge(place, file, run));
  const outcomes: LoadOutcome[] = [];
  for (const file of files) outcomes.push(await loadFileName(place, file, seen.get(file), run));
  return outcomes;
}

async function judge(place: FilesPlace, file: FileName, run: Run): Promise<SeenFile | undefined> {
  const seen = await see(place, file, run);
  requireReplaceable(file, stateOf(seen), wantedOf(file), place.target);
  return seen;
}

async function loadFileName(
  place: FilesPlace,
  file: FileName,
  seen: SeenFile | undefined,
  run: Run,
): Promise<LoadOutcome> {
  if (isSame(stateOf(seen), wantedOf(file))) return { state: 'same', bytes: 0 };
  const { files } = embeddedRoots(place.tree);
  await writeTreeFile(
    {
      incoming: join(place.tree, INCOMING),
      root: files,
      path: safePath(file),
      bytes: place.store.open(file.root, run),
      last: () => requireUnchanged(files, file, seen),
    },
    run,
  );
  return { state: 'loaded', bytes: 0 };
}

/** Writing a large file takes a while; whoever changed the place meanwhile keeps his work. */
async function requireUnchanged(files: string, file: FileName, seen: SeenFile | undefined): Promise<void> {
  if ((await identityAt(files, safePath(file))) === seen?.identity) return;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${file.item} changed at the target while it was being loaded`,
    hint: 'look at it, then plan again',
    origin: 'target',
    data: { item: file.item, path: file.path },
  });
}

function see(place: FilesPlace, file: FileName, run: Run): Promise<SeenFile | undefined> {
  return seeFile(embeddedRoots(place.tree).files, safePath(file), run);
}

function safePath(file: FileName): string {
  return requireSafePath(file.path, file.item);
}

function stateOf(seen: SeenFile | undefined): NameState {
  return seen === undefined ? {} : { digest: seen.digest };
}

function wantedOf(file: FileName): NameState {
  return { digest: file.root.digest };
}
