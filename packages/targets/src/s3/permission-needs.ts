import type { Permission, PermissionNeed } from '@gapferry/core';
import type { FileLoad, S3Place } from './s3-place.ts';

/** What of a bucket loading touches. */
export interface BucketScope {
  /** Objects are put under the keys of the release. */
  readonly sends: boolean;
  /** Some of them in parts. */
  readonly sendsParts: boolean;
  /** The index is written, and what goes with it. */
  readonly names: boolean;
}

export function scopeOf({ partSize }: S3Place, wanted: readonly FileLoad[]): BucketScope {
  const contents = wanted.filter(({ phase }) => phase === 'content');
  return {
    sends: contents.length > 0,
    sendsParts: contents.some(({ files }) => files.some(({ root }) => root.size > partSize)),
    names: contents.length < wanted.length,
  };
}

/** What a bucket is asked for, as Amazon's policies name it. */
export interface BucketNeeds {
  readonly list: PermissionNeed;
  /** Under the keys of the release, and the index. */
  readonly get: readonly [PermissionNeed, PermissionNeed];
  readonly objectLock?: PermissionNeed;
  readonly versioning?: PermissionNeed;
  readonly abort?: PermissionNeed;
  readonly parts?: PermissionNeed;
  readonly put: readonly PutNeeds[];
  readonly remove?: PermissionNeed;
}

/** What putting objects in one place needs. */
export interface PutNeeds {
  /** Of an object that is never made there; or the index, which is. */
  readonly key: string;
  readonly put: PermissionNeed;
  /** What is said with each of them. */
  readonly extras: readonly PutExtra[];
}

export type PutExtra = PermissionNeed & { readonly of: 'tags' | 'lock' | 'legalHold' };

/** `trial`: a name that nothing else has. */
export function bucketNeeds(place: S3Place, scope: BucketScope, trial: string): BucketNeeds {
  const { keys, policy, store } = place;
  const bucket = `s3://${store.name}`;
  const release = `${bucket}/${keys.prefix}*`;
  const index = `${bucket}/${keys.index}`;
  const locks = policy.lock !== undefined || policy.legalHold;
  const latest = { key: `${keys.latest}${trial}`, on: `${bucket}/${keys.latest}*`, locks: false };
  const puts = [
    ...(scope.sends ? [{ key: `${keys.prefix}${trial}`, on: release, locks: true }] : []),
    ...(scope.names ? [{ key: keys.index, on: index, locks: false }] : []),
    ...(scope.names && policy.latest !== undefined ? [latest] : []),
  ];
  return {
    list: { action: 's3:ListBucket', on: bucket },
    get: [
      { action: 's3:GetObject', on: release },
      { action: 's3:GetObject', on: index },
    ],
    ...(locks && { objectLock: { action: 's3:GetBucketObjectLockConfiguration', on: bucket } }),
    ...(policy.overwrite === 'version' && { versioning: { action: 's3:GetBucketVersioning', on: bucket } }),
    ...(scope.sendsParts && {
      abort: { action: 's3:AbortMultipartUpload', on: release },
      parts: { action: 's3:ListMultipartUploadParts', on: release },
    }),
    put: puts.map((each) => putNeeds(place, each)),
    ...(policy.keep !== undefined && scope.names && { remove: { action: 's3:DeleteObject', on: release } }),
  };
}

function putNeeds(
  { policy: { tags, lock, legalHold } }: S3Place,
  { key, on, locks }: { readonly key: string; readonly on: string; readonly locks: boolean },
): PutNeeds {
  const extras = [
    ...(Object.keys(tags).length > 0 ? [{ action: 's3:PutObjectTagging', on, of: 'tags' as const }] : []),
    ...(locks && lock !== undefined ? [{ action: 's3:PutObjectRetention', on, of: 'lock' as const }] : []),
    ...(locks && legalHold ? [{ action: 's3:PutObjectLegalHold', on, of: 'legalHold' as const }] : []),
  ];
  return { key, put: { action: 's3:PutObject', on }, extras };
}

/** All that making the bucket takes, and all that is asked for in it then: nobody can tell before it is there. */
export function missingBucket({ policy, store }: S3Place, needs: BucketNeeds): readonly Permission[] {
  const on = `s3://${store.name}`;
  const locks = policy.lock !== undefined || policy.legalHold;
  const making = [
    's3:CreateBucket',
    ...(locks ? ['s3:PutBucketObjectLockConfiguration'] : []),
    ...(locks || policy.overwrite === 'version' ? ['s3:PutBucketVersioning'] : []),
  ].map((action) => ({ action, on }));
  const { list, get, objectLock, versioning, abort, parts, put, remove } = needs;
  const inside = [list, ...get, ...put.flatMap((each) => [each.put, ...each.extras])];
  const others = [objectLock, versioning, abort, parts, remove].filter((need) => need !== undefined);
  return [
    ...making.map((need) => unknown(need, 'nobody makes a bucket on trial')),
    ...[...inside, ...others].map((need) => unknown(need, 'there is no bucket yet')),
  ];
}

export function unknown({ action, on }: PermissionNeed, reason: string): Permission {
  return { action, on, state: 'unknown', reason };
}

/** What is refused, with the way out: also the one without the permission, where there is one. */
export function lacking({ action, on }: PermissionNeed, { target }: S3Place): Permission {
  const member = MEMBERS[action];
  const remedy =
    member === undefined
      ? `give the credentials of target ${target} these permissions, if the bucket is yours and not somebody else’s`
      : `allow ${action}, or take \`${member}\` out of target ${target} in site.yaml`;
  return { action, on, state: 'lacking', remedy };
}

/** What of a target in site.yaml asks for it. */
const MEMBERS: Readonly<Record<string, string>> = {
  's3:PutObjectTagging': 'tags',
  's3:PutObjectRetention': 'lock',
  's3:PutObjectLegalHold': 'legalHold',
  's3:DeleteObject': 'keep',
  's3:GetBucketVersioning': 'overwrite: version',
};
