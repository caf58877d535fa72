import { type FileContent, type FileName, GapferryError, type Load, type Run } from '@gapferry/core';
import { allTroubles } from '../all-troubles.ts';
import { requireDistinctPlaces } from '../distinct-places.ts';
import { requireReplaceableKeys } from './look-at-files.ts';
import { type S3Place, toFiles } from './s3-place.ts';
import { ownIndex } from './set-index.ts';
import { requireLatestKeys } from './set-latest.ts';

/** Looks at the bucket before anything is sent: is it there, may it be read, does it do what the site wants of it, and is nothing in the way. */
export async function preflightBucket(place: S3Place, loads: readonly Load[], run: Run): Promise<void> {
  const { target } = place;
  const files = loads.map((load) => toFiles(load, target));
  requireDistinctPlaces(loads);
  for (const load of files) for (const file of load.files) requireOwnKey(place, place.keys.keyOf(file, load));
  if (!(await place.memory.isThere(run))) return requireCreatable(place);
  const names = files.filter((load): load is FileName => load.phase === 'name');
  const contents = files.filter((load): load is FileContent => load.phase === 'content');
  await allTroubles([
    () => requireSettings(place, run),
    () => ownIndex(place, run),
    () => requireLatestKeys(place, names, run),
    () => requireReplaceableKeys(place, contents, run),
  ]);
}

/** Makes the bucket where the site wants it and there is none. */
export async function createBucket(place: S3Place, run: Run): Promise<void> {
  if (await place.memory.isThere(run)) return;
  const { lock, legalHold, overwrite } = place.policy;
  requireCreatable(place);
  await place.store.create(
    { objectLock: lock !== undefined || legalHold, versioning: overwrite === 'version' },
    run,
  );
  place.memory.relist();
}

function requireCreatable({ policy, store, target }: S3Place): void {
  if (policy.create) return;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `there is no bucket ${store.place} for target ${target}`,
    hint: 'make it, or say `create: true` of the target in site.yaml',
    origin: 'site',
    data: { target },
  });
}

/** Keys are the store's names: longer ones are refused there, in the middle of an import. */
function requireOwnKey({ keys, target }: S3Place, key: string): void {
  const problem =
    key === keys.index
      ? 'it is where the index object lies'
      : Buffer.byteLength(key) > 1024
        ? 'it is longer than 1,024 bytes'
        : undefined;
  if (problem === undefined) return;
  throw new GapferryError({
    code: 'NAME_UNSAFE',
    message: `the key ${key.slice(0, 200)} cannot be used at target ${target}: ${problem}`,
    hint: 'choose another name with `as:`, or other `keys` of the target',
    origin: 'target',
    data: { target, key: key.slice(0, 1024) },
  });
}

async function requireSettings({ policy, store, target }: S3Place, run: Run): Promise<void> {
  const needsLock = policy.lock !== undefined || policy.legalHold;
  if (!needsLock && policy.overwrite !== 'version') return;
  const problem =
    needsLock && !(await store.objectLock(run))
      ? 'has no object lock, which `lock` and `legalHold` need and only a new bucket can get'
      : policy.overwrite === 'version' && (await store.versioning(run)) !== 'enabled'
        ? 'keeps no versions, and `overwrite: version` would lose what is replaced'
        : undefined;
  if (problem === undefined) return;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `the bucket ${store.place} of target ${target} ${problem}`,
    hint: 'use another bucket (`create: true` makes a fitting one), or change the target in site.yaml',
    origin: 'site',
    data: { target },
  });
}
