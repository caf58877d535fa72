import { createHash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { S3Refusal } from './s3-error.ts';

/** One version of an object. */
export interface S3Version {
  readonly id: string;
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: string;
  readonly lock?: { readonly mode: string; readonly until: Date };
  readonly legalHold: boolean;
  readonly deleted?: true;
}

export interface S3Upload {
  readonly id: string;
  readonly key: string;
  readonly kept: KeptAs;
  /** Every part must come with its digest. */
  readonly digests: boolean;
  readonly parts: Map<number, { readonly bytes: Uint8Array; readonly etag: string; readonly sha256: string }>;
}

export interface S3BucketState {
  versioning: boolean;
  objectLock: boolean;
  /** Versions of each key, the latest last. */
  readonly objects: Map<string, S3Version[]>;
  readonly uploads: Map<string, S3Upload>;
  /** The most bytes that all objects may have. */
  readonly quota: number;
  /** The most bytes that one request copies. */
  readonly mostCopied: number;
  readonly copiesWhere: boolean;
  /** What is locked then cannot be replaced, nor hidden: there are no versions. */
  readonly worm?: () => Date;
}

export const MOST_COPIED: number = 5 * 2 ** 30;

export type KeptAs = Pick<S3Version, 'contentType' | 'metadata' | 'tags' | 'lock' | 'legalHold'>;

export function latest(bucket: S3BucketState, key: string): S3Version | undefined {
  const version = bucket.objects.get(key)?.at(-1);
  return version?.deleted ? undefined : version;
}

/** What headers say about how an object is kept. A lock in a bucket without object lock is refused. */
export function keptAs(headers: IncomingHttpHeaders, bucket: S3BucketState): KeptAs {
  const [mode, until, hold] = ['mode', 'retain-until-date', 'legal-hold'].map(
    (name) => headers[`x-amz-object-lock-${name}`] as string | undefined,
  );
  if ((mode ?? hold) !== undefined && !bucket.objectLock)
    throw new S3Refusal(400, 'InvalidRequest', 'Bucket is missing ObjectLockConfiguration');
  if ((mode === undefined) !== (until === undefined))
    throw new S3Refusal(400, 'InvalidArgument', 'a lock has a mode and a date');
  if (mode !== undefined && !['GOVERNANCE', 'COMPLIANCE'].includes(mode))
    throw new S3Refusal(400, 'InvalidArgument', 'Unknown wormMode directive.');
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'));
  return {
    contentType: headers['content-type'] ?? 'binary/octet-stream',
    metadata: Object.fromEntries(metadata.map(([name, value]) => [name, String(value)])),
    tags: String(headers['x-amz-tagging'] ?? ''),
    ...(mode !== undefined && until !== undefined && { lock: { mode, until: new Date(until) } }),
    legalHold: hold === 'ON',
  };
}

/** The body must be what was signed, and what its checksum says. */
export function requireDigests(bytes: Uint8Array, headers: IncomingHttpHeaders): void {
  const sha256 = createHash('sha256').update(bytes).digest();
  if (headers['x-amz-content-sha256'] !== sha256.toString('hex'))
    throw new S3Refusal(
      400,
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  const checksum = headers['x-amz-checksum-sha256'];
  if (checksum !== undefined && checksum !== sha256.toString('base64'))
    throw new S3Refusal(400, 'BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
}

/** `If-Match` and `If-None-Match` of a write. */
export function requireConditions(there: S3Version | undefined, headers: IncomingHttpHeaders): void {
  const fails =
    (headers['if-none-match'] === '*' && there !== undefined) ||
    (headers['if-match'] !== undefined && headers['if-match'] !== there?.etag);
  if (fails)
    throw new S3Refusal(
      412,
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
    );
}

/** What `x-amz-copy-source` names, where it is as its conditions say. */
export function copySource(
  buckets: ReadonlyMap<string, S3BucketState>,
  headers: IncomingHttpHeaders,
): S3Version {
  const named = decodeURIComponent(String(headers['x-amz-copy-source'])).replace(/^\//, '');
  const [, from = '', path = '', id] = /^([^/]+)\/(.*?)(?:\?versionId=(.*))?$/s.exec(named) ?? [];
  const source = buckets.get(from);
  const version =
    source &&
    (id === undefined ? latest(source, path) : source.objects.get(path)?.find((each) => each.id === id));
  if (version === undefined) throw new S3Refusal(404, 'NoSuchKey', 'The specified key does not exist.');
  requireConditions(version, { 'if-match': headers['x-amz-copy-source-if-match'] as string | undefined });
  return version;
}

export function store(
  bucket: S3BucketState,
  key: string,
  bytes: Uint8Array,
  etag: string,
  kept: KeptAs,
): S3Version {
  if (bytesIn(bucket) + bytes.byteLength > bucket.quota)
    throw new S3Refusal(
      507,
      'XMinioStorageFull',
      'Storage backend has reached its minimum free drive threshold.',
    );
  const { worm } = bucket;
  if (worm !== undefined) requireUnlocked(bucket.objects.get(key) ?? [], worm());
  const version: S3Version = { id: randomUUID(), bytes, etag, ...kept };
  const versions = bucket.versioning ? (bucket.objects.get(key) ?? []) : [];
  bucket.objects.set(key, [...versions, version]);
  return version;
}

/** Counted only where it matters: it takes long. */
function bytesIn({ objects, quota }: S3BucketState): number {
  if (quota === Number.POSITIVE_INFINITY) return 0;
  return [...objects.values()].flat().reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}

/** Without a version a versioned bucket only hides it, also what was never there; a version that is locked stays. */
export function remove(bucket: S3BucketState, key: string, id: string | undefined, now: Date): void {
  const versions = bucket.objects.get(key) ?? [];
  if (id === undefined && bucket.versioning) {
    const hidden = { bytes: new Uint8Array(), etag: '', contentType: '', metadata: {}, tags: '' };
    bucket.objects.set(key, [...versions, { ...hidden, id: randomUUID(), legalHold: false, deleted: true }]);
    return;
  }
  const gone = id === undefined ? versions : versions.filter((version) => version.id === id);
  requireUnlocked(gone, now);
  const left = versions.filter((version) => !gone.includes(version));
  if (left.length === 0) bucket.objects.delete(key);
  else bucket.objects.set(key, left);
}

/** In MinIO's words. */
function requireUnlocked(versions: readonly S3Version[], now: Date): void {
  if (versions.some(({ lock, legalHold }) => legalHold || (lock !== undefined && lock.until > now)))
    throw new S3Refusal(400, 'InvalidRequest', 'Object is WORM protected and cannot be overwritten');
}

/** Of a whole body; of parts that of their digests. */
export function etagOf(bytes: Uint8Array): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}
