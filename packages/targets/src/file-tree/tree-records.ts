import { digestOf, GapferryError, hexOf, type Run, verifiedBytes } from '@gapferry/core';
import { type IndexedFile, type ReleaseIndex, writeIndex } from '../s3/release-index.ts';
import type { TreeBody, TreePath } from './file-tree.ts';
import { readWhole } from './read-whole.ts';
import type { SeenTreeIndex } from './tree-memory.ts';
import { HIDDEN, SUMS, sumsOf, type TreePlace } from './tree-place.ts';

/** 100,000 lines with the longest paths. */
const MOST_SUMS_BYTES = 128 << 20;

/** Our own record of what we put there, out of sight. */
export function treeIndexPath({ index }: { readonly index: string }): string {
  return `${HIDDEN}/${index}`;
}

/** Throws `TARGET_CONFLICT` for a record that is none of this channel's. */
export async function ownTreeIndex(
  { memory, keys, release, tree, target }: TreePlace,
  run: Run,
): Promise<SeenTreeIndex> {
  const seen = await memory.index(run);
  if (seen.tag === undefined || seen.index?.channel === release.channel) return seen;
  const path = treeIndexPath(keys);
  const what =
    seen.index === undefined ? 'is no index of gapferry' : `belongs to channel ${seen.index.channel}`;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${path} in ${tree.place} at target ${target} ${what}`,
    hint:
      seen.index === undefined
        ? 'find out who put it there, and move it away: the next import writes it anew'
        : 'begin `path` of the target with something that is this channel’s own, like {channel}/',
    origin: 'target',
    data: { target, path },
  });
}

export async function writeTreeIndex(place: TreePlace, index: ReleaseIndex, run: Run): Promise<void> {
  const bytes = writeIndex(index);
  const seen = await place.memory.index(run);
  if (seen.index !== undefined && Buffer.from(writeIndex(seen.index)).equals(bytes)) return;
  const at = { path: treeIndexPath(place.keys), item: 'the index' };
  const { tag } = await place.tree.put(at, bodyOf(bytes), seen.tag, run);
  place.memory.setIndex({ tag, index });
}

/** Where files cannot be moved they are written under their names, and one that broke off there has wrong bytes: this says that they were ours. */
export async function begin(place: TreePlace, run: Run): Promise<void> {
  if (await hasBegun(place, run)) return;
  const at = begunAt(place);
  const old = await place.tree.look(at, run);
  await place.tree.put(at, bodyOf(Buffer.from(`${place.release.statement}\n`)), old?.tag, run);
  place.hasBegun = Promise.resolve(true);
}

/** Only where files cannot be moved. */
export async function hasBegun(place: TreePlace, run: Run): Promise<boolean> {
  if ((await place.tree.probe(run)).canMove) return false;
  place.hasBegun ??= readWhole(place.tree, begunAt(place), 1000, run).then(
    (seen) => seen !== undefined && Buffer.from(seen.bytes).toString().trim() === place.release.statement,
  );
  return await place.hasBegun;
}

function begunAt({ keys }: TreePlace): TreePath {
  return {
    path: `${treeIndexPath(keys).replace(/index\.json$/, '')}begun`,
    item: 'the record of a beginning',
  };
}

/** GNU form, in the order of bytes, paths relative to the directory that it lies in. */
export function toSums(prefix: string, files: readonly IndexedFile[]): Uint8Array {
  const lines = files.map(({ key, digest }) => ({ path: key.slice(prefix.length), hex: hexOf(digest) }));
  lines.sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  return Buffer.from(lines.map(({ path, hex }) => `${hex}  ${path}\n`).join(''));
}

export async function writeTreeSums(
  place: TreePlace,
  files: readonly IndexedFile[],
  run: Run,
): Promise<void> {
  const bytes = toSums(place.keys.prefix, files);
  const at = sumsAt(place);
  const seen = await readWhole(place.tree, at, MOST_SUMS_BYTES, run);
  if (seen !== undefined && Buffer.from(seen.bytes).equals(bytes)) return;
  await place.tree.put(at, bodyOf(bytes), seen?.fact.tag, run);
}

export async function isSumsCurrent(place: TreePlace, index: ReleaseIndex, run: Run): Promise<boolean> {
  const seen = await readWhole(place.tree, sumsAt(place), MOST_SUMS_BYTES, run);
  return seen !== undefined && Buffer.from(seen.bytes).equals(toSums(place.keys.prefix, index.files));
}

/** Files and digests in a SHA256SUMS of ours; undefined where there is none. Lines that we would not write are left out. */
export async function readTreeSums(
  place: TreePlace,
  prefix: string,
  run: Run,
): Promise<ReadonlyArray<{ readonly path: string; readonly hex: string }> | undefined> {
  const at = { path: `${prefix}${SUMS}`, item: SUMS };
  const seen = await readWhole(place.tree, at, MOST_SUMS_BYTES, run);
  if (seen === undefined) return undefined;
  return Buffer.from(seen.bytes)
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      const [, hex, path] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? [];
      return hex === undefined || path === undefined ? [] : [{ hex, path }];
    });
}

/** Throws `TARGET_CONFLICT` for a SHA256SUMS that none of our releases left there. */
export async function requireOwnSums(place: TreePlace, run: Run): Promise<void> {
  const at = sumsAt(place);
  const { index } = await ownTreeIndex(place, run);
  const left = index === undefined ? [] : [index, ...index.earlier];
  const isOwn = left.some((one) => place.keys.prefixOf(one) === place.keys.prefix);
  if (isOwn || (await place.tree.look(at, run)) === undefined) return;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${at.path} in ${place.tree.place} at target ${place.target} is somebody else’s`,
    hint: 'nothing was loaded; move it away, or choose another `path` for the target',
    origin: 'target',
    data: { target: place.target, path: at.path },
  });
}

function sumsAt(place: TreePlace): TreePath {
  return { path: sumsOf(place), item: SUMS };
}

function bodyOf(bytes: Uint8Array): TreeBody {
  const is = { digest: digestOf(bytes), size: bytes.byteLength };
  const chunks = async function* (): AsyncIterable<Uint8Array> {
    if (bytes.byteLength > 0) yield bytes;
  };
  return { size: bytes.byteLength, open: () => verifiedBytes(is, chunks()) };
}
