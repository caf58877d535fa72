import { randomUUID } from 'node:crypto';
import type { Permission, Run } from '@gapferry/core';
import { judge, NO_UPLOAD } from './judge-permission.ts';
import { type BucketNeeds, bucketNeeds, missingBucket, scopeOf, unknown } from './permission-needs.ts';
import { clearTrials, tryPuts } from './probe-puts.ts';
import type { FileLoad, S3Place } from './s3-place.ts';

/** What is known of what the credentials may do in a bucket, for what `wanted` needs. Nothing stays in the bucket of how it was found out, in buckets that keep versions or lock objects neither:
 *  whatever could is not tried, and unknown. */
export async function bucketPermissions(
  place: S3Place,
  wanted: readonly FileLoad[],
  run: Run,
): Promise<readonly Permission[]> {
  const trial = `.gapferry-trial-${randomUUID()}`;
  const needs = bucketNeeds(place, scopeOf(place, wanted), trial);
  let isThere = true;
  const list = await judge(place, needs.list, 'proven', async () => {
    isThere = await place.memory.isThere(run);
  });
  if (!isThere) return missingBucket(place, needs);
  await clearTrials(place, run);
  const abort = await mayAbort(place, needs, trial, run);
  return [
    list,
    ...(await reading(place, needs, list, trial, run)),
    ...(needs.abort === undefined ? [] : [{ ...abort, ...needs.abort }]),
    ...(await parts(place, needs, trial, run)),
    ...(await tryPuts(place, needs, abort, run)),
    ...(await removal(place, needs, trial, run)),
  ];
}

async function reading(
  place: S3Place,
  { get, objectLock, versioning }: BucketNeeds,
  list: Permission,
  trial: string,
  run: Run,
): Promise<readonly Permission[]> {
  const { store, keys, memory } = place;
  const at = { key: `${keys.prefix}${trial}`, item: 'an object that is not there' };
  const asked: Permission[] = [];
  if (objectLock !== undefined)
    asked.push(await judge(place, objectLock, 'proven', () => store.objectLock(run)));
  if (versioning !== undefined)
    asked.push(await judge(place, versioning, 'proven', () => store.versioning(run)));
  // Who may not list is refused what is not there, whatever else he may.
  if (list.state !== 'proven')
    return [...get.map((need) => unknown(need, 'without s3:ListBucket a store does not show it')), ...asked];
  return [
    await judge(place, get[0], 'proven', () => store.head(at, run)),
    await judge(place, get[1], 'proven', () => memory.index(run)),
    ...asked,
  ];
}

/** Asked also where nothing is sent in parts: who may not abort begins nothing. */
async function mayAbort(
  place: S3Place,
  { abort, put }: BucketNeeds,
  trial: string,
  run: Run,
): Promise<Permission> {
  const need = abort ?? { action: 's3:AbortMultipartUpload', on: '' };
  if (abort === undefined && put.every(({ extras }) => extras.length === 0))
    return unknown(need, 'nobody needs it');
  const at = { key: `${place.keys.prefix}${trial}`, item: 'an upload that is not there' };
  return await judge(place, need, 'probed', () => place.store.abort(at, NO_UPLOAD, run));
}

async function parts(
  place: S3Place,
  { parts: need }: BucketNeeds,
  trial: string,
  run: Run,
): Promise<readonly Permission[]> {
  if (need === undefined) return [];
  const at = { key: `${place.keys.prefix}${trial}`, item: 'parts of an upload that is not there' };
  return [await judge(place, need, 'probed', () => place.store.parts(at, NO_UPLOAD, run))];
}

/** Removing what is not there leaves nothing, but where versions are kept: there it leaves a marker. */
async function removal(
  place: S3Place,
  { remove: need }: BucketNeeds,
  trial: string,
  run: Run,
): Promise<readonly Permission[]> {
  if (need === undefined) return [];
  const { store, keys } = place;
  let versioning: string | undefined;
  await judge(place, need, 'proven', async () => {
    versioning = await store.versioning(run);
  });
  if (versioning === undefined)
    return [
      unknown(need, 'without s3:GetBucketVersioning nobody knows whether a removal would leave a marker'),
    ];
  if (versioning !== 'never')
    return [unknown(need, 'where versions are kept, removing what is not there leaves a marker')];
  const at = { key: `${keys.prefix}${trial}`, item: 'an object that is not there' };
  return [await judge(place, need, 'probed', () => store.remove(at, run))];
}
