import { digestFromHex, inLanes, type Run, unsafePathReason } from '@gapferry/core';
import type { EarlierRelease, IndexedFile, ReleaseIndex } from '../s3/release-index.ts';
import { otherReleases } from '../s3/release-keys.ts';
import { SUMS, type TreePlace } from './tree-place.ts';
import { readTreeSums } from './tree-records.ts';

/** The releases of the channel that have files of their own there, the latest first, without this one. */
export function earlierInTree(
  { keys, isByRelease }: TreePlace,
  index: ReleaseIndex | undefined,
): readonly EarlierRelease[] {
  if (index === undefined || !isByRelease) return [];
  const { version, sequence, earlier } = index;
  return otherReleases(keys, [{ version, sequence }, ...earlier]);
}

/** Where paths stay from release to release: removes the files of the last release that this one has not. */
export async function pruneStale(
  place: TreePlace,
  index: ReleaseIndex | undefined,
  files: readonly IndexedFile[],
  run: Run,
): Promise<void> {
  if (!place.policy.prune || place.isByRelease || index === undefined) return;
  const kept = new Set(files.map(({ key }) => key));
  const stale = index.files.filter(({ key }) => !kept.has(key) && unsafePathReason(key) === undefined);
  await inLanes(stale, place.lanes, ({ key, digest }, inner) => removeOwn(place, key, digest, inner), run);
}

/** Removes the releases that the site wants to keep no longer, by their SHA256SUMS. Those that are left. */
export async function pruneReleases(
  place: TreePlace,
  earlier: readonly EarlierRelease[],
  run: Run,
): Promise<readonly EarlierRelease[]> {
  const { keep } = place.policy;
  if (keep === undefined) return earlier;
  for (const release of earlier.slice(keep - 1)) await pruneRelease(place, release, run);
  return earlier.slice(0, keep - 1);
}

/** Removes one release by its SHA256SUMS. */
export async function pruneRelease(place: TreePlace, release: EarlierRelease, run: Run): Promise<void> {
  const prefix = place.keys.prefixOf(release);
  // Our record lies where others may write to it: what it says must not lead out of the place.
  if (prefix === place.keys.prefix || unsafePathReason(`${prefix}${SUMS}`) !== undefined) return;
  const lines = (await readTreeSums(place, prefix, run)) ?? [];
  const own = lines.filter(({ path }) => unsafePathReason(`${prefix}${path}`) === undefined);
  const remove = (
    { path, hex }: { readonly path: string; readonly hex: string },
    inner: Run,
  ): Promise<void> => removeOwn(place, `${prefix}${path}`, digestFromHex(hex), inner);
  await inLanes(own, place.lanes, remove, run);
  await place.tree.remove({ path: `${prefix}${SUMS}`, item: SUMS }, run);
}

/** What somebody changed since is his. */
export async function removeOwn(place: TreePlace, path: string, digest: string, run: Run): Promise<void> {
  const at = { path, item: path };
  const there = await place.memory.at(at, run);
  if (there === undefined) return;
  if (there.digest === digest) {
    await place.tree.remove(at, run);
    return place.memory.forget(path);
  }
  run.emit({
    kind: 'warning',
    message: `${path} in ${place.tree.place} stays: somebody changed it since an earlier release left it there`,
  });
}
