import {
  type BlobReader,
  type FileContent,
  GapferryError,
  inLanes,
  type LoadOutcome,
  type Presence,
  type Run,
  type SizedDigest,
  totalSize,
} from '@gapferry/core';
import type { TreeBody, TreePath } from './file-tree.ts';
import { holdRoom } from './hold-room.ts';
import { lookAtTree, missingContents, type TreeLook, waitingAt } from './look-at-tree.ts';
import { hashAt } from './tree-memory.ts';
import type { TreePlace } from './tree-place.ts';
import { begin } from './tree-records.ts';

export async function inspectTreeContent(place: TreePlace, load: FileContent, run: Run): Promise<Presence> {
  const missing = await lacking(place, load, run);
  if (missing.length === 0) return { state: 'same' };
  return { state: 'absent', missingBytes: totalSize(missing.map(({ file }) => file.root)) };
}

/** Puts contents where nobody looks, each once. A server that cannot move takes them under the paths of the release, which only SHA256SUMS makes known. */
export async function stageFiles(
  place: TreePlace,
  load: FileContent,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  const { canMove } = await place.tree.probe(run);
  const missing = await lacking(place, load, run);
  if (!canMove && missing.length > 0) await begin(place, run);
  await inLanes(
    missing,
    place.lanes,
    async ({ file: { root }, at, there }, inner) => {
      if (canMove) return await stage(place, root, at.item, from, inner);
      await place.tree.put(at, bodyOf(root, from, inner), there?.tag, inner);
      place.memory.forget(at.path);
    },
    run,
  );
  return {
    state: missing.length === 0 ? 'same' : 'loaded',
    bytes: totalSize(missing.map(({ file }) => file.root)),
  };
}

/** Items that share a content and come side by side send it once. */
export async function stage(
  place: TreePlace,
  root: SizedDigest,
  item: string,
  from: BlobReader,
  run: Run,
): Promise<void> {
  const to = waitingAt(place, root.digest, item);
  const write = async (): Promise<void> => {
    const old = await place.memory.look(to, run);
    await place.tree.put(to, bodyOf(root, from, run), old?.tag, run);
    place.memory.forget(to.path);
  };
  const staging = place.staging.get(to.path) ?? write().finally(() => place.staging.delete(to.path));
  place.staging.set(to.path, staging);
  await staging;
}

function bodyOf(root: SizedDigest, from: BlobReader, run: Run): TreeBody {
  return { size: root.size, open: () => from.open(root, run) };
}

/** The barrier: every content is read back where it waits. Throws `BLOB_MISSING` or `DIGEST_MISMATCH`. */
export async function proveTree(place: TreePlace, loads: readonly FileContent[], run: Run): Promise<void> {
  const { canMove } = await place.tree.probe(run);
  const waiting = new Map<string, TreeLook>();
  place.memory.relook();
  for (const load of loads)
    for (const look of await lookAtTree(place, load, run)) {
      const { file, there } = look;
      if (there?.digest === file.root.digest) continue;
      if (!canMove) throw notProved(place, look, there?.digest);
      waiting.set(file.root.digest, look);
    }
  const prove = (look: TreeLook, inner: Run): Promise<void> =>
    proveWaiting(place, waitingAt(place, look.file.root.digest, look.at.item), look, inner);
  await inLanes([...waiting.values()], place.lanes, prove, run);
  if (waiting.size > 0) await holdRoom(place, run);
}

/** Reads what waits, and takes it away where it is wrong: the next import sends it again. */
export async function proveWaiting(place: TreePlace, at: TreePath, look: TreeLook, run: Run): Promise<void> {
  const fact = await place.tree.look(at, run);
  if (fact === undefined) throw notProved(place, look, undefined);
  const digest = await hashAt(place.tree, at, fact, run);
  if (digest === look.file.root.digest) return place.memory.learn(at.path, { ...fact, digest });
  await place.tree.remove(at, run);
  place.memory.forget(at.path);
  throw notProved(place, look, digest);
}

async function lacking(place: TreePlace, load: FileContent, run: Run): Promise<TreeLook[]> {
  const looks = await lookAtTree(place, load, run);
  const { canMove } = await place.tree.probe(run);
  if (canMove) return await missingContents(place, looks, run);
  return looks.filter(({ file, there }) => there?.digest !== file.root.digest);
}

function notProved(
  { tree, target }: TreePlace,
  { file: { root }, at }: TreeLook,
  actual: string | undefined,
): GapferryError {
  const { path, item } = at;
  const found = actual === undefined ? 'it is missing' : `it has ${actual}`;
  return new GapferryError({
    code: actual === undefined ? 'BLOB_MISSING' : 'DIGEST_MISMATCH',
    message: `${item}: the content of ${path} did not come back from ${tree.place} at target ${target}: ${found}, and not ${root.digest}`,
    hint: 'nothing was made visible; find out who else writes there, or what is wrong with the disk, then run the import again',
    origin: 'target',
    data: { item, path, target, expected: root.digest, ...(actual !== undefined && { actual }) },
  });
}
