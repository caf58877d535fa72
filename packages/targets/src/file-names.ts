import { join } from 'node:path';
import {
  type FileName,
  fileState,
  GapferryError,
  inLanes,
  isDirectoryLoad,
  type LoadFile,
  type LoadOutcome,
  type NameState,
  type Presence,
  type Run,
  requireSafePath,
} from '@gapferry/core';
import { SMALL_LANES } from './blob-content.ts';
import type { EmbeddedStore } from './embedded-store.ts';
import { embeddedRoots, INCOMING } from './embedded-tree.ts';
import { requireReplaceable, toPresence } from './name-state.ts';
import { identityAt, type SeenFile, seeFile, type WalkedDirectories } from './tree-look.ts';
import { openTreeBatch, type TreeBatch } from './tree-write.ts';

export interface FilesPlace {
  readonly target: string;
  /** Root of the embedded depot. */
  readonly tree: string;
  readonly store: EmbeddedStore;
  /** Files that are read at a time; four times as many wait for their sync. */
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
  const seen = await inLanes(loads, place.concurrency, (load, inner) => judge(place, load, inner), run);
  const wanted = loads.map((load, i) => wantedOf(load, seen[i] ?? new Map()));
  const batch = openTreeBatch({
    incoming: join(place.tree, INCOMING),
    root: embeddedRoots(place.tree).files,
  });
  const files = wanted.flatMap((each) => each.files);
  // Directories are there, or made, before their files are looked at for the last time.
  const walked: WalkedDirectories = new Map();
  const write = (want: WantedFile, inner: Run): Promise<void> => writeFile(place, batch, want, walked, inner);
  try {
    await inLanes(files, SMALL_LANES * place.concurrency, write, run);
  } catch (error) {
    await batch.settle().catch(() => {});
    throw error;
  }
  for (const want of wanted)
    if (want.files.length > 0) for (const { path } of want.load.files) batch.keep(path);
  await batch.settle();
  return wanted.map(({ files }) => ({ state: files.length === 0 ? 'same' : 'loaded', bytes: 0 }));
}

interface WantedFile {
  readonly load: FileName;
  readonly file: LoadFile;
  /** What lies in its place. */
  readonly there: SeenFile | undefined;
}

/** What is in the places of a load's files. */
type Seen = ReadonlyMap<LoadFile, SeenFile>;

async function judge(place: FilesPlace, load: FileName, run: Run): Promise<Seen> {
  const seen = await seeAll(place, load, run);
  requireReplaceable(load, stateOf(load, seen), fileState(load), place.target);
  return seen;
}

function wantedOf(load: FileName, seen: Seen): { load: FileName; files: WantedFile[] } {
  const files = load.files
    .map((file) => ({ load, file, there: seen.get(file) }))
    .filter(({ file, there }) => there?.digest !== file.root.digest || !hasBit(load, file, there));
  return { load, files };
}

async function writeFile(
  place: FilesPlace,
  batch: TreeBatch,
  { load, file, there }: WantedFile,
  walked: WalkedDirectories,
  run: Run,
): Promise<void> {
  const { files } = embeddedRoots(place.tree);
  const path = requireSafePath(file.path, load.item);
  const write = {
    path,
    bytes: place.store.open(file.root, run),
    ...(file.executable && { executable: true as const }),
    last: () => requireUnchanged({ files, path, walked }, load, there),
  };
  await batch.write(write, run);
}

/** Writing a large file takes a while; whoever changed the place meanwhile keeps his work. */
async function requireUnchanged(
  {
    files,
    path,
    walked,
  }: { readonly files: string; readonly path: string; readonly walked: WalkedDirectories },
  load: FileName,
  seen: SeenFile | undefined,
): Promise<void> {
  if ((await identityAt(files, path, walked)) === seen?.identity) return;
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
  const walked: WalkedDirectories = new Map();
  const see = (file: LoadFile, inner: Run): Promise<SeenFile | undefined> =>
    seeFile(files, requireSafePath(file.path, load.item), inner, walked);
  const found = await inLanes(load.files, place.concurrency, see, run);
  return new Map(
    load.files.flatMap((file, i) => {
      const there = found[i];
      return there === undefined ? [] : [[file, there] as const];
    }),
  );
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
