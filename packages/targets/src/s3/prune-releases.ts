import { inLanes, isGapferryError, type Run } from '@gapferry/core';
import { toSeen } from './bucket-memory.ts';
import { LANES } from './look-at-files.ts';
import type { EarlierRelease, ReleaseIndex } from './release-index.ts';
import { otherReleases } from './release-keys.ts';
import type { S3Place } from './s3-place.ts';
import type { S3Listed } from './s3-store.ts';

/** The releases that the index has named before this one, the latest first. */
export function earlierReleases(
  { keys }: S3Place,
  index: ReleaseIndex | undefined,
): readonly EarlierRelease[] {
  if (index === undefined) return [];
  const { version, sequence, earlier } = index;
  return otherReleases(keys, [{ version, sequence }, ...earlier]);
}

/** Removes what releases put under their keys that the site wants to keep no longer. Somebody else's objects there stay: each is asked whose it is. Where the bucket keeps versions they stay
 *  as well, and locks hold: what a store does not let go stays, with a warning, until it does. Those that are left. */
export async function pruneReleases(
  place: S3Place,
  earlier: readonly EarlierRelease[],
  run: Run,
): Promise<readonly EarlierRelease[]> {
  const { keep } = place.policy;
  if (keep === undefined) return earlier;
  const left = earlier.slice(0, keep - 1);
  for (const release of earlier.slice(keep - 1)) {
    const locked = await pruneRelease(place, release, run);
    if (locked.length === 0) continue;
    left.push(release);
    run.emit({
      kind: 'warning',
      message: `${locked.length} of release ${release.version} of ${place.release.channel} in ${place.store.place} stay: they are locked (${locked[0]}${locked.length > 1 ? ', …' : ''})`,
    });
  }
  return left;
}

/** Removes what a release put under its keys. Keys of what is locked. */
export async function pruneRelease(
  place: S3Place,
  release: EarlierRelease,
  run: Run,
): Promise<readonly string[]> {
  const prefix = place.keys.prefixOf(release);
  if (prefix === place.keys.prefix) return [];
  const locked: string[] = [];
  let batch: S3Listed[] = [];
  for await (const object of place.store.list(prefix, run)) {
    batch.push(object);
    if (batch.length < BATCH) continue;
    locked.push(...(await removeOwn(place, release, batch, run)));
    batch = [];
  }
  return [...locked, ...(await removeOwn(place, release, batch, run))];
}

const BATCH = 1000;

async function removeOwn(
  place: S3Place,
  { version }: EarlierRelease,
  objects: readonly S3Listed[],
  run: Run,
): Promise<readonly string[]> {
  const { store, release, limit } = place;
  const item = `release ${version} of ${release.channel}, which is not kept`;
  const remove = async ({ key }: S3Listed, inner: Run): Promise<readonly string[]> => {
    const facts = await store.head({ key, item }, inner);
    const isOwn = facts?.metadata.get('gapferry-release') === `${release.channel}/${version}`;
    if (!isOwn || toSeen(facts).digest === undefined) return [];
    try {
      await store.remove({ key, item }, inner);
      return [];
    } catch (error) {
      if (isGapferryError(error, 'TARGET_CONFLICT')) return [key];
      throw error;
    }
  };
  const locked = await inLanes(objects, LANES, (object, inner) => limit(() => remove(object, inner)), run);
  return locked.flat();
}
