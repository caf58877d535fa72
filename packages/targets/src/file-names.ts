import { join } from 'node:path';
import {
  type FileName,
  fileState,
  GapferryError,
  isDirectoryLoad,
  type LoadFile,
  type LoadOutcome,
  type NameState,
  type Presence,
  type Run,
  requireSafePath,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { allOrStop } from './all-or-stop.ts';
import type { EmbeddedStore } from './embedded-store.ts';
import { embeddedRoots, INCOMING } from './embedded-tree.ts';
import { requireReplaceable, toPresence } from './name-state.ts';
import { identityAt, type SeenFile, seeFile } from './tree-look.ts';
import { writeTreeFile } from './tree-write.ts';

export interface FilesPlace {
  readonly target: string;
  /** Root of the embedded depot. */
  readonly tree: string;
  readonly store: EmbeddedStore;
  /** Files that are read or written at a time. */
  readonly concurrency: number;
}

/** A file's executable bit counts like its bytes, where the load says something about it: in directories. */
export async function inspectFileName(place: FilesPlace, load: FileName, run: Run): Promise<Presence> {
  const seen = await seeAll(place, load, run);
  const presence = toPresence(stateOf(load, seen), fileState(load));
  if (presence.state === 'same' && load.files.some((file) => !hasBit(load, file, seen.get(file))))
    return { state: 'different', there: stateOf(load, seen), missingBytes: 0 };
  return presence;
}

/** Makes files visible, after every one of them was judged.
 *  The visible file is a copy of the blob, hashed while it is written: a hard link would let an edit in place damage the blob, and a reflink would pass on unread what lies on the disk. */
export async function loadFileNames(
  place: FilesPlace,
  loads: readonly FileName[],
  run: Run,
): Promise<LoadOutcome[]> {
  const seen = new Map<FileName, Seen>();
  for (const load of loads) seen.set(load, await judge(place, load, run));
  const outcomes: LoadOutcome[] = [];
  for (const load of loads) outcomes.push(await loadFileName(place, load, seen.get(load) ?? new Map(), run));
  return outcomes;
}

/** What is in the places of a load's files. */
type Seen = ReadonlyMap<LoadFile, SeenFile>;

async function judge(place: FilesPlace, load: FileName, run: Run): Promise<Seen> {
  const seen = await seeAll(place, load, run);
  requireReplaceable(load, stateOf(load, seen), fileState(load), place.target);
  return seen;
}

async function loadFileName(place: FilesPlace, load: FileName, seen: Seen, run: Run): Promise<LoadOutcome> {
  const wanting = load.files.filter((file) => {
    const there = seen.get(file);
    return there?.digest !== file.root.digest || !hasBit(load, file, there);
  });
  const limit = pLimit(place.concurrency);
  const write = (file: LoadFile, inner: Run): Promise<void> =>
    limit(() => writeFile(place, load, file, seen.get(file), inner));
  await allOrStop(wanting, write, run);
  return { state: wanting.length === 0 ? 'same' : 'loaded', bytes: 0 };
}

async function writeFile(
  place: FilesPlace,
  load: FileName,
  file: LoadFile,
  seen: SeenFile | undefined,
  run: Run,
): Promise<void> {
  const { files } = embeddedRoots(place.tree);
  const path = requireSafePath(file.path, load.item);
  await writeTreeFile(
    {
      incoming: join(place.tree, INCOMING),
      root: files,
      path,
      bytes: place.store.open(file.root, run),
      ...(file.executable && { executable: true }),
      last: () => requireUnchanged(files, path, load, seen),
    },
    run,
  );
}

/** Writing a large file takes a while; whoever changed the place meanwhile keeps his work. */
async function requireUnchanged(
  files: string,
  path: string,
  load: FileName,
  seen: SeenFile | undefined,
): Promise<void> {
  if ((await identityAt(files, path)) === seen?.identity) return;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${isDirectoryLoad(load) ? `${path} of ` : ''}${load.item} changed at the target while it was being loaded`,
    hint: 'look at it, then plan again',
    origin: 'target',
    data: { item: load.item, path },
  });
}

async function seeAll(place: FilesPlace, load: FileName, run: Run): Promise<Seen> {
  const { files } = embeddedRoots(place.tree);
  const limit = pLimit(place.concurrency);
  const see = async (file: LoadFile, inner: Run): Promise<Array<[LoadFile, SeenFile]>> => {
    const there = await limit(() => seeFile(files, requireSafePath(file.path, load.item), inner));
    return there === undefined ? [] : [[file, there]];
  };
  return new Map((await allOrStop(load.files, see, run)).flat());
}

function hasBit(load: FileName, { executable }: LoadFile, seen: SeenFile | undefined): boolean {
  return !isDirectoryLoad(load) || seen?.isExecutable === (executable === true);
}

function stateOf(load: FileName, seen: Seen): NameState {
  return fileState(
    load,
    [...seen].map(([{ path }, { digest }]) => ({ path, root: { digest } })),
  );
}
