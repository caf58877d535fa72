import type { PruneFile, PruneNames, PruneOutcome, PruneRequest, PruneStep, Run } from '@gapferry/core';
import { pruneRelease } from './prune-releases.ts';
import type { EarlierRelease } from './release-index.ts';
import { otherReleases } from './release-keys.ts';
import type { S3Place } from './s3-place.ts';
import { ownIndex, writeReleaseIndex } from './set-index.ts';

/** Earlier releases that do not stay, by the index, and those that came and never got a name in it: what is below their keys, as it is listed; whose each object is, is asked when it goes. */
export async function prunableObjects(
  place: S3Place,
  request: PruneRequest,
  run: Run,
): Promise<readonly PruneStep[]> {
  const steps: PruneStep[] = [];
  for (const release of await goingReleases(place, request, run)) {
    let [count, bytes] = [0, 0];
    for await (const { size } of place.store.list(place.keys.prefixOf(release), run)) {
      count += 1;
      bytes += size;
    }
    // Nothing names it that would have to be put right.
    if (count === 0 && request.unnamed.has(release.sequence)) continue;
    steps.push({ place: placeOf(place, release), what: 'objects', count, bytes });
  }
  return steps;
}

/** Removes the objects of one of them, and its name from the index when none is left. */
export async function pruneObjects(
  place: S3Place,
  step: PruneStep,
  request: PruneRequest,
  run: Run,
): Promise<PruneOutcome> {
  const going = await goingReleases(place, request, run);
  const release = going.find((one) => placeOf(place, one) === step.place);
  if (release === undefined) return { state: 'gone' };
  const locked = await pruneRelease(place, release, run);
  if (locked.length > 0) return { state: 'stays', why: `${locked.length} objects are locked (${locked[0]})` };
  await forgetEarlier(place, release, run);
  return { state: 'removed' };
}

/** Files that the index does not name, nor a copy that stays, once every release that goes went. */
export async function goneObjects(
  place: S3Place,
  { files }: PruneNames,
  request: PruneRequest,
  run: Run,
): Promise<PruneNames> {
  const none = { manifests: [], tags: [], files: [] };
  if ((await goingReleases(place, { ...request, unnamed: new Map() }, run)).length > 0) return none;
  const { index } = await ownIndex(place, run);
  const named = new Set(index?.files.map(({ path }) => path));
  const gone: PruneFile[] = [];
  for (const file of files) {
    const paths = file.path.endsWith('/') ? Object.keys(file.left) : [file.path];
    if (paths.some((path) => named.has(path)) || (await hasCopies(place, paths, file.item, run))) continue;
    gone.push(file);
  }
  return { ...none, files: gone };
}

async function hasCopies(
  { store, keys, policy }: S3Place,
  paths: readonly string[],
  item: string,
  run: Run,
): Promise<boolean> {
  if (policy.latest === undefined) return false;
  for (const path of paths)
    if ((await store.head({ key: `${keys.latest}${path}`, item }, run)) !== undefined) return true;
  return false;
}

async function goingReleases(
  place: S3Place,
  { staying, going, unnamed }: PruneRequest,
  run: Run,
): Promise<readonly EarlierRelease[]> {
  const { index } = await ownIndex(place, run);
  const earlier = (index?.earlier ?? []).filter(({ sequence }) => going.has(sequence));
  const never = [...unnamed].map(([sequence, version]) => ({ sequence, version }));
  // A version that was made twice may share its keys with a release that stays, also with one that is staged and that no index names.
  const kept = new Set(
    [
      ...(index === undefined ? [] : [index]),
      ...[...staying].map(([sequence, version]) => ({ sequence, version })),
    ].map((release) => place.keys.prefixOf(release)),
  );
  return otherReleases(place.keys, [...earlier, ...never]).filter(
    (release) => !kept.has(place.keys.prefixOf(release)),
  );
}

/** Readers of the index before may still have read what it named: what went is forgotten last. */
async function forgetEarlier(place: S3Place, gone: EarlierRelease, run: Run): Promise<void> {
  const seen = await ownIndex(place, run);
  if (seen.index === undefined) return;
  const earlier = seen.index.earlier.filter(
    ({ version, sequence }) => version !== gone.version || sequence !== gone.sequence,
  );
  await writeReleaseIndex(place, seen, { ...seen.index, earlier }, run);
}

function placeOf({ store, keys }: S3Place, release: EarlierRelease): string {
  return `s3://${store.name}/${keys.prefixOf(release)}`;
}
