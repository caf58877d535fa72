import {
  type BlobReader,
  type FileName,
  fileState,
  GapferryError,
  inLanes,
  type LoadOutcome,
  type NameState,
  type Presence,
  type Run,
} from '@gapferry/core';
import { requireReplaceable } from '../name-state.ts';
import type { IndexedFile } from '../s3/release-index.ts';
import type { TreePath } from './file-tree.ts';
import { giveRoomBack } from './hold-room.ts';
import { isInPlace, lookAtTree, type TreeLook, waitingAt } from './look-at-tree.ts';
import { earlierInTree, pruneReleases, pruneStale } from './prune-tree.ts';
import { proveWaiting, stage } from './stage-files.ts';
import { incomingOf, type TreePlace } from './tree-place.ts';
import { isSumsCurrent, ownTreeIndex, writeTreeIndex, writeTreeSums } from './tree-records.ts';

/** A name stands when its files are in their places and SHA256SUMS tells of them. */
export async function inspectTreeName(place: TreePlace, load: FileName, run: Run): Promise<Presence> {
  const looks = await lookAtTree(place, load, run);
  const there = stateOf(load, looks);
  if (looks.every(isInPlace)) {
    const isTold = await isToldOf(place, looks, run);
    return isTold ? { state: 'same' } : { state: 'absent', missingBytes: 0, stands: true };
  }
  if (Object.keys(there).length === 0) return { state: 'absent', missingBytes: 0 };
  return { state: 'different', there, missingBytes: 0 };
}

/** Gives the files of a release their names, after every one of them was judged; then what earlier releases left goes, and SHA256SUMS is written last. */
export async function setTree(
  place: TreePlace,
  loads: readonly FileName[],
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome[]> {
  await ownTreeIndex(place, run);
  const looks = await judge(place, loads, run);
  const outcomes = await Promise.all(
    loads.map(async (load): Promise<LoadOutcome> => {
      const { state } = await inspectTreeName(place, load, run);
      return { state: state === 'same' ? 'same' : 'loaded', bytes: 0 };
    }),
  );
  const wanting = looks.filter((look) => !isInPlace(look));
  const contents = [...Map.groupBy(wanting, ({ file }) => file.root.digest).values()];
  const isOnlyHere = onlyHere(place, loads);
  const give = async (same: readonly TreeLook[], inner: Run): Promise<void> => {
    for (const [i, look] of same.entries()) {
      const isLast = i + 1 === same.length && isOnlyHere(look);
      await giveName(place, { look, from, isLast }, inner);
    }
  };
  await inLanes(contents, place.lanes, give, run);
  await conclude(place, loads, run);
  return outcomes;
}

async function judge(place: TreePlace, loads: readonly FileName[], run: Run): Promise<readonly TreeLook[]> {
  const all: TreeLook[] = [];
  for (const load of loads) {
    const looks = await lookAtTree(place, load, run);
    requireReplaceable(load, stateOf(load, looks), fileState(load), place.target);
    for (const look of looks) all.push(look);
  }
  return all;
}

/** Does no name of the release but these want the content as well? */
function onlyHere(place: TreePlace, loads: readonly FileName[]): (look: TreeLook) => boolean {
  const here = new Set(loads.map(({ path }) => path));
  const others = place.surveyed.filter(({ path }) => !here.has(path));
  const wanted = new Set(others.flatMap(({ files }) => files.map(({ root }) => root.digest)));
  return ({ file }) => !wanted.has(file.root.digest);
}

interface Giving {
  readonly look: TreeLook;
  readonly from: BlobReader;
  /** Nobody else wants the content that waits. */
  readonly isLast: boolean;
}

/** The content that waits moves to the last of its names, and a copy of it to each before: whatever stops this, it waits for whoever goes on. */
async function giveName(place: TreePlace, { look, from, isLast }: Giving, run: Run): Promise<void> {
  const { tree, memory } = place;
  const { file, at, there } = look;
  if (!(await tree.probe(run)).canMove) throw notThere(place, at.item, at.path);
  const waits = waitingAt(place, file.root.digest, at.item);
  if ((await memory.at(waits, run))?.digest !== file.root.digest) {
    await stage(
      place,
      file.root,
      at.item,
      isInTree(look) ? await nearest(place, look, at, from, run) : from,
      run,
    );
    await proveWaiting(place, waits, look, run);
  }
  const moved = isLast ? waits : await copyWaiting(place, waits, { look, from }, run);
  const { digest, size } = file.root;
  const how = { executable: file.executable === true, size, digest, over: there?.tag };
  const fact = await tree.move(moved, at, how, run);
  memory.forget(moved.path);
  memory.learn(at.path, { ...fact, digest });
}

async function copyWaiting(
  place: TreePlace,
  waits: TreePath,
  { look, from }: Pick<Giving, 'look' | 'from'>,
  run: Run,
): Promise<TreePath> {
  const copy = { path: `${waits.path}.copy`, item: waits.item };
  const { root } = look.file;
  const old = await place.tree.look(copy, run);
  const reader = await nearest(place, look, waits, from, run);
  const body = { size: root.size, open: () => reader.open(root, run) };
  await place.tree.put(copy, body, old?.tag, run);
  await proveWaiting(place, copy, look, run);
  return copy;
}

/** Only the executable bit is another. */
function isInTree({ file, there }: TreeLook): boolean {
  return there?.digest === file.root.digest;
}

/** What lies in the tree already needs no medium, where there is none any more; it is hashed again where it is copied to. */
async function nearest(
  { tree }: TreePlace,
  { file }: TreeLook,
  at: TreePath,
  medium: BlobReader,
  run: Run,
): Promise<BlobReader> {
  if (await medium.has(file.root, run)) return medium;
  return {
    has: async () => true,
    open: async function* (_blob, inner) {
      const fact = await tree.look(at, inner);
      if (fact !== undefined) yield* tree.open(at, fact, inner);
    },
  };
}

/** Of a release that was surveyed nothing goes and nothing is told before it is whole: the names that failed come alone, and the last of them ends here. */
async function conclude(place: TreePlace, loads: readonly FileName[], run: Run): Promise<void> {
  const { index } = await ownTreeIndex(place, run);
  const names = [...new Map([...place.surveyed, ...loads].map((load) => [load.path, load])).values()];
  const looks: TreeLook[] = [];
  for (const load of names) for (const look of await lookAtTree(place, load, run)) looks.push(look);
  const files = looks.filter(isInPlace).map(toEntry).sort(byPath);
  const isSurveyed = place.surveyed.length > 0;
  if (isSurveyed && files.length < looks.length) return;
  const known = earlierInTree(place, index);
  if (isSurveyed) await pruneStale(place, index, files, run);
  const earlier = isSurveyed ? await pruneReleases(place, known, run) : known;
  const kept = isSurveyed ? files : withOthers(place, index, files);
  await giveRoomBack(place, run);
  await writeTreeIndex(place, { ...place.release, files: kept, earlier }, run);
  await writeTreeSums(place, kept, run);
  if (isSurveyed) await place.tree.clear({ path: incomingOf(place), item: 'what is left over' }, run);
}

/** Without a survey of the whole release, what the index says of other names of it stays. */
function withOthers(
  { release }: TreePlace,
  index: { readonly statement: string; readonly files: readonly IndexedFile[] } | undefined,
  files: readonly IndexedFile[],
): readonly IndexedFile[] {
  if (index?.statement !== release.statement) return files;
  const own = new Set(files.map(({ path }) => path));
  return [...index.files.filter(({ path }) => !own.has(path)), ...files].sort(byPath);
}

/** Does the index of this very release tell of them, and SHA256SUMS of all that the index does? */
async function isToldOf(place: TreePlace, looks: readonly TreeLook[], run: Run): Promise<boolean> {
  const { index } = await ownTreeIndex(place, run);
  if (index?.statement !== place.release.statement) return false;
  const told = new Map(index.files.map(({ path, digest }) => [path, digest]));
  const isTold = looks.every(({ file }) => told.get(file.path) === file.root.digest);
  return isTold && (await isSumsCurrent(place, index, run));
}

function toEntry({ file, at, there }: TreeLook): IndexedFile {
  return {
    path: file.path,
    key: at.path,
    digest: file.root.digest,
    size: file.root.size,
    etag: there?.tag ?? '',
    ...(file.executable && { executable: true }),
  };
}

function stateOf(load: FileName, looks: readonly TreeLook[]): NameState {
  const there = looks.flatMap(({ file: { path }, there: seen, isBroken }) =>
    seen === undefined || isBroken ? [] : [{ path, root: { digest: seen.digest } }],
  );
  return fileState(load, there);
}

function notThere({ tree, target }: TreePlace, item: string, path: string): GapferryError {
  return new GapferryError({
    code: 'BLOB_MISSING',
    message: `${item}: ${path} is not in ${tree.place} at target ${target} as the release has it`,
    hint: 'run the import again',
    origin: 'target',
    data: { item, path, target },
  });
}

function byPath(a: IndexedFile, b: IndexedFile): number {
  return a.path < b.path ? -1 : 1;
}
