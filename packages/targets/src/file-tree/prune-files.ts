import {
  inLanes,
  type PruneFile,
  type PruneNames,
  type PruneOutcome,
  type PruneRequest,
  type PruneStep,
  type Run,
  unsafePathReason,
} from '@gapferry/core';
import type { EarlierRelease } from '../s3/release-index.ts';
import type { TreePath } from './file-tree.ts';
import { waitingAt } from './look-at-tree.ts';
import { pruneRelease, removeOwn } from './prune-tree.ts';
import { SUMS, type TreePlace } from './tree-place.ts';
import { ownTreeIndex, readTreeSums, writeTreeIndex } from './tree-records.ts';

/** Where each release has paths of its own, the earlier ones that do not stay; where paths stay from release to release, files that no release which stays names and that are as the channel left them; in both, contents of releases that go which still wait for a name. */
export async function prunableFiles(
  place: TreePlace,
  request: PruneRequest,
  run: Run,
): Promise<readonly PruneStep[]> {
  const steps = await waitingFiles(place, request, run);
  if (!place.isByRelease) return [...steps, ...(await staleFiles(place, request, run))];
  for (const release of await goingReleases(place, request, run)) {
    const lines = (await readTreeSums(place, place.keys.prefixOf(release), run)) ?? [];
    steps.push({ place: addressOf(place, release), what: 'files', count: lines.length });
  }
  return steps;
}

export async function pruneFiles(
  place: TreePlace,
  step: PruneStep,
  request: PruneRequest,
  run: Run,
): Promise<PruneOutcome> {
  const waiting = waitsAt(place, request).find(({ path }) => place.tree.addressOf(path) === step.place);
  if (waiting !== undefined) return await pruneWaiting(place, waiting, run);
  if (!place.isByRelease) return await pruneStaleFile(place, step, request, run);
  const going = await goingReleases(place, request, run);
  const release = going.find((one) => addressOf(place, one) === step.place);
  if (release === undefined) return { state: 'gone' };
  await pruneRelease(place, release, run);
  const { index } = await ownTreeIndex(place, run);
  if (index !== undefined)
    await writeTreeIndex(
      place,
      { ...index, earlier: index.earlier.filter(({ sequence }) => sequence !== release.sequence) },
      run,
    );
  return { state: 'removed' };
}

/** Contents that came out of sight and never got a name: each is called by its digest. */
async function waitingFiles(place: TreePlace, request: PruneRequest, run: Run): Promise<PruneStep[]> {
  const look = async (at: TreePath, inner: Run): Promise<PruneStep[]> => {
    const fact = await place.tree.look(at, inner);
    return fact === undefined
      ? []
      : [{ place: place.tree.addressOf(at.path), what: 'file', bytes: fact.size }];
  };
  return (await inLanes(waitsAt(place, request), place.lanes, look, run)).flat();
}

function waitsAt(place: TreePlace, { contents }: PruneRequest): TreePath[] {
  return contents.map(({ digest }) => waitingAt(place, digest, digest));
}

async function pruneWaiting(place: TreePlace, at: TreePath, run: Run): Promise<PruneOutcome> {
  if ((await place.tree.look(at, run)) === undefined) return { state: 'gone' };
  await place.tree.remove(at, run);
  place.memory.forget(at.path);
  return { state: 'removed' };
}

/** Where paths stay, files that are not there; else those that the index does not name, once every release that goes went. */
export async function goneFiles(
  place: TreePlace,
  { files }: PruneNames,
  request: PruneRequest,
  run: Run,
): Promise<PruneNames> {
  const gone = await (place.isByRelease
    ? unnamedFiles(place, files, request, run)
    : absentFiles(place, files, run));
  return { manifests: [], tags: [], files: gone };
}

async function unnamedFiles(
  place: TreePlace,
  files: readonly PruneFile[],
  request: PruneRequest,
  run: Run,
): Promise<readonly PruneFile[]> {
  if ((await goingReleases(place, request, run)).length > 0) return [];
  const { index } = await ownTreeIndex(place, run);
  const named = new Set(index?.files.map(({ path }) => path));
  return files.filter((file) => ownPaths(file).every(({ path }) => !named.has(path)));
}

async function absentFiles(
  place: TreePlace,
  files: readonly PruneFile[],
  run: Run,
): Promise<readonly PruneFile[]> {
  const isThere = async ({ path }: OwnFile): Promise<boolean> => {
    place.memory.forget(path);
    return (await place.memory.look({ path, item: path }, run)) !== undefined;
  };
  const look = async (file: PruneFile): Promise<PruneFile[]> => {
    for (const own of pathsOf(place, file)) if (await isThere(own)) return [];
    return [file];
  };
  return (await inLanes(files, place.lanes, look, run)).flat();
}

async function goingReleases(
  place: TreePlace,
  { staying, going }: PruneRequest,
  run: Run,
): Promise<readonly EarlierRelease[]> {
  const { index } = await ownTreeIndex(place, run);
  const kept = new Set(
    [
      ...(index === undefined ? [] : [index]),
      ...[...staying].map(([sequence, version]) => ({ sequence, version })),
    ].map((release) => place.keys.prefixOf(release)),
  );
  return (index?.earlier ?? []).filter((release) => {
    const prefix = place.keys.prefixOf(release);
    // Our record lies where others may write to it: what it says must not lead out of the place.
    const isSafe = unsafePathReason(`${prefix}${SUMS}`) === undefined;
    return isSafe && going.has(release.sequence) && !kept.has(prefix);
  });
}

function addressOf({ tree, keys }: TreePlace, release: EarlierRelease): string {
  return tree.addressOf(keys.prefixOf(release));
}

async function staleFiles(place: TreePlace, { files }: PruneRequest, run: Run): Promise<PruneStep[]> {
  const own = files.flatMap((file) => pathsOf(place, file));
  const look = async ({ path, digest }: OwnFile, inner: Run): Promise<PruneStep[]> => {
    const there = await place.memory.at({ path, item: path }, inner);
    return there?.digest === digest
      ? [{ place: place.tree.addressOf(path), what: 'file', bytes: there.size }]
      : [];
  };
  return (await inLanes(own, place.lanes, look, run)).flat();
}

async function pruneStaleFile(
  place: TreePlace,
  step: PruneStep,
  { files }: PruneRequest,
  run: Run,
): Promise<PruneOutcome> {
  const own = files.flatMap((file) => pathsOf(place, file));
  const found = own.find(({ path }) => place.tree.addressOf(path) === step.place);
  if (found === undefined) return { state: 'gone' };
  place.memory.forget(found.path);
  const there = await place.memory.at({ path: found.path, item: found.path }, run);
  if (there === undefined) return { state: 'gone' };
  if (there.digest !== found.digest)
    return { state: 'stays', why: 'somebody changed it since an earlier release left it there' };
  await removeOwn(place, found.path, found.digest, run);
  return { state: 'removed' };
}

interface OwnFile {
  readonly path: string;
  readonly digest: string;
}

/** Of a directory each of its files; the ledger's names are no paths of the place before they were judged. */
function pathsOf({ keys }: TreePlace, file: PruneFile): OwnFile[] {
  return ownPaths(file).map(({ path, digest }) => ({
    path: keys.keyOf({ path }, { item: file.item }),
    digest,
  }));
}

function ownPaths({ path, left }: PruneFile): OwnFile[] {
  return Object.entries(left).flatMap(([name, digest]) => {
    const file = path.endsWith('/') ? name : path;
    if (unsafePathReason(file) !== undefined || !digest.startsWith('sha256:')) return [];
    return [{ path: file, digest }];
  });
}
