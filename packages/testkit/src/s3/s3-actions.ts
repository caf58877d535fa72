import type { TestRequest } from '../http/test-request.ts';
import { S3Refusal } from './s3-error.ts';

/** What somebody may not do: `s3:PutObject` everywhere, `s3:PutObject line-a/*` below a key, `s3:PutObject line-a/index.json` for one. */
export type S3Denial = string;

/** Holds a request to what its credentials may do (Amazon S3, "Actions, resources, and condition keys"). Judged before anything else but the signature: who may not ask learns nothing, not even that there is no bucket. */
export function requireAllowed(request: TestRequest, key: string, denials: ReadonlySet<S3Denial>): void {
  for (const { action, on } of actionsOf(request, key))
    if ([...denials].some((denial) => isDenied(denial, action, on)))
      throw new S3Refusal(403, 'AccessDenied', 'Access Denied.');
}

interface S3Action {
  readonly action: string;
  /** Key; empty for the bucket. */
  readonly on: string;
}

function isDenied(denial: S3Denial, action: string, on: string): boolean {
  const [, denied, where] = /^(\S+)(?: (.*))?$/s.exec(denial) ?? [];
  if (denied !== action) return false;
  if (where === undefined) return true;
  return where.endsWith('*') ? on.startsWith(where.slice(0, -1)) : on === where;
}

function actionsOf(request: TestRequest, key: string): readonly S3Action[] {
  const names = key === '' ? bucketActions(request) : objectActions(request);
  const own = names.map((action) => ({ action, on: key }));
  const source = request.headers['x-amz-copy-source'];
  if (source === undefined) return own;
  const from = decodeURIComponent(String(source)).replace(/^\/?[^/]*\/|\?versionId=.*$/gs, '');
  return [...own, { action: 's3:GetObject', on: from }];
}

function bucketActions({ method, query, headers }: TestRequest): readonly string[] {
  if (query.has('versioning'))
    return [method === 'PUT' ? 's3:PutBucketVersioning' : 's3:GetBucketVersioning'];
  if (query.has('object-lock')) return ['s3:GetBucketObjectLockConfiguration'];
  if (query.has('uploads')) return ['s3:ListBucketMultipartUploads'];
  if (method !== 'PUT') return ['s3:ListBucket'];
  const isLocked = headers['x-amz-bucket-object-lock-enabled'] === 'true';
  return [
    's3:CreateBucket',
    ...(isLocked ? ['s3:PutBucketObjectLockConfiguration', 's3:PutBucketVersioning'] : []),
  ];
}

function objectActions({ method, query, headers }: TestRequest): readonly string[] {
  const isUpload = query.has('uploadId');
  if (method === 'DELETE' && isUpload) return ['s3:AbortMultipartUpload'];
  if (method === 'DELETE') return [query.has('versionId') ? 's3:DeleteObjectVersion' : 's3:DeleteObject'];
  if (method !== 'PUT' && method !== 'POST')
    return [isUpload ? 's3:ListMultipartUploadParts' : 's3:GetObject'];
  return [
    's3:PutObject',
    ...(headers['x-amz-tagging'] === undefined ? [] : ['s3:PutObjectTagging']),
    ...(headers['x-amz-object-lock-mode'] === undefined ? [] : ['s3:PutObjectRetention']),
    ...(headers['x-amz-object-lock-legal-hold'] === undefined ? [] : ['s3:PutObjectLegalHold']),
  ];
}
