import { createHash } from 'node:crypto';
import { memoryContent } from '../content/content.ts';
import type { Fault } from '../http/fault.ts';
import { startHttpServer, type TestServer } from '../http/http-server.ts';
import { rangeReply } from '../http/range.ts';
import type { Reply } from '../http/reply.ts';
import { readBody, type TestRequest } from '../http/test-request.ts';
import type { TlsIdentity } from '../tls-identity.ts';
import { requireAllowed, type S3Denial } from './s3-actions.ts';
import { answerBucket } from './s3-buckets.ts';
import { refusalReply, S3Refusal, xmlReply } from './s3-error.ts';
import {
  copySource,
  etagOf,
  keptAs,
  latest,
  MOST_COPIED,
  remove,
  requireConditions,
  requireDigests,
  type S3BucketState,
  type S3Version,
  store,
} from './s3-objects.ts';
import { requireSigned } from './s3-signature.ts';
import { answerUpload } from './s3-uploads.ts';

export interface S3ServerOptions {
  readonly tls?: TlsIdentity;
  readonly faults?: readonly Fault[];
  /** Default us-east-1. */
  readonly region?: string;
  /** Buckets that are there at the start. */
  readonly buckets?: Readonly<Record<string, S3BucketOptions>>;
  /** Buckets also stand in names of hosts: `plant.s3.test` for `s3.test`. */
  readonly domain?: string;
  /** Nobody may make a bucket. */
  readonly fixed?: boolean;
  /** What may not be done; `denials` of the server can be changed later. */
  readonly denials?: readonly S3Denial[];
  readonly now?: () => Date;
}

export interface S3BucketOptions {
  readonly versioning?: boolean;
  readonly objectLock?: boolean;
  /** Bytes. */
  readonly quota?: number;
  /** The most bytes that one request copies; 5 GiB. */
  readonly mostCopied?: number;
  /** Copies only where `If-Match` and `If-None-Match` hold, as Amazon does and MinIO does not. */
  readonly copiesWhere?: boolean;
  /** It locks objects and keeps no versions, as some stores do that are not Amazon's: what is locked can be neither replaced nor removed. */
  readonly worm?: boolean;
  /** It is somebody else's. */
  readonly foreign?: boolean;
}

/** An object store that speaks the S3 API, path style, and holds everybody to its rules: signatures, checksums, conditions, parts, locks. */
export interface S3Server extends TestServer {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  /** What may not be done now. */
  readonly denials: Set<S3Denial>;
  /** The latest version of an object. */
  object(bucket: string, key: string): S3Version | undefined;
  /** Keys, in order. */
  keys(bucket: string): string[];
  /** Puts an object there past all rules. */
  place(bucket: string, key: string, bytes: Uint8Array, metadata?: Readonly<Record<string, string>>): void;
  /** Removes it past all rules. */
  take(bucket: string, key: string): void;
  /** Versions and delete markers of all keys. */
  versions(bucket: string): number;
  /** Multipart uploads that were not ended: key and numbers of parts. */
  uploads(bucket: string): Array<{ readonly key: string; readonly parts: readonly number[] }>;
}

const ACCESS = { accessKey: 'plant', secretKey: 'Sesam-oeffne-dich-49' } as const;

export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const { region = 'us-east-1', now = () => new Date(), fixed = false } = options;
  const buckets = new Map(
    Object.entries(options.buckets ?? {}).map(([name, bucket]) => [name, toState(bucket, now)]),
  );
  const foreign = new Set(
    Object.entries(options.buckets ?? {}).flatMap(([name, bucket]) => (bucket.foreign ? [name] : [])),
  );
  const denials = new Set(options.denials ?? []);
  const answer = async (request: TestRequest): Promise<Reply> => {
    try {
      requireSigned(request, { ...ACCESS, region, now: now() });
      const [name, key] = askedFor(request, options.domain);
      requireAllowed(request, key, denials);
      if (foreign.has(name)) throw new S3Refusal(403, 'AccessDenied', 'Access Denied.');
      if (key === '') return await answerBucket({ buckets, region, fixed }, name, request);
      const bucket = buckets.get(name);
      if (bucket === undefined)
        throw new S3Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist');
      return (
        (await answerUpload(buckets, bucket, key, request)) ??
        (await answerObject(buckets, bucket, key, request, now()))
      );
    } catch (error) {
      if (!(error instanceof S3Refusal)) throw error;
      const reply = refusalReply(error, now());
      return request.method === 'HEAD' ? { status: reply.status } : reply;
    }
  };
  const server = await startHttpServer(answer, options);
  const state = (name: string): S3BucketState => {
    const bucket = buckets.get(name);
    if (bucket === undefined) throw new Error(`the fake has no bucket ${name}`);
    return bucket;
  };
  return Object.assign(server, {
    ...ACCESS,
    region,
    denials,
    versions: (name: string) => [...state(name).objects.values()].flat().length,
    object: (name: string, key: string) => latest(state(name), key),
    keys: (name: string) => [...state(name).objects.keys()].filter((key) => latest(state(name), key)).sort(),
    place: (
      name: string,
      key: string,
      bytes: Uint8Array,
      metadata: Readonly<Record<string, string>> = {},
    ) => {
      const kept = { contentType: 'binary/octet-stream', tags: '', legalHold: false };
      const named = Object.entries(metadata).map(([member, value]) => [`x-amz-meta-${member}`, value]);
      store(state(name), key, bytes, etagOf(bytes), { ...kept, metadata: Object.fromEntries(named) });
    },
    take: (name: string, key: string) => void state(name).objects.delete(key),
    uploads: (name: string) =>
      [...state(name).uploads.values()].map(({ key, parts }) => ({
        key,
        parts: [...parts.keys()].sort((a, b) => a - b),
      })),
  });
}

function toState(
  { versioning, objectLock, quota, mostCopied, copiesWhere, worm }: S3BucketOptions,
  now: () => Date,
): S3BucketState {
  return {
    ...(worm && { worm: now }),
    versioning: versioning === true || objectLock === true,
    objectLock: objectLock === true || worm === true,
    objects: new Map(),
    uploads: new Map(),
    quota: quota ?? Number.POSITIVE_INFINITY,
    mostCopied: mostCopied ?? MOST_COPIED,
    copiesWhere: copiesWhere === true,
  };
}

/** Bucket and key, path style or by the host. */
function askedFor({ path, headers }: TestRequest, domain: string | undefined): readonly [string, string] {
  const host = (headers.host ?? '').replace(/:\d+$/, '');
  if (domain !== undefined && host.endsWith(`.${domain}`))
    return [host.slice(0, -domain.length - 1), path.slice(1)];
  const [, name = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  return [name, key];
}

async function answerObject(
  buckets: ReadonlyMap<string, S3BucketState>,
  bucket: S3BucketState,
  key: string,
  request: TestRequest,
  now: Date,
): Promise<Reply> {
  const { method, query, headers } = request;
  if (method === 'PUT' && headers['x-amz-copy-source'] !== undefined)
    return copy(buckets, bucket, key, request);
  if (method === 'PUT') {
    const bytes = await readBody(request);
    requireDigests(bytes, headers);
    requireConditions(latest(bucket, key), headers);
    return storedReply(bucket, store(bucket, key, bytes, etagOf(bytes), keptAs(headers, bucket)));
  }
  if (method === 'DELETE') {
    remove(bucket, key, query.get('versionId') ?? undefined, now);
    return { status: 204 };
  }
  const id = query.get('versionId');
  const version = id === null ? latest(bucket, key) : bucket.objects.get(key)?.find((each) => each.id === id);
  if (version === undefined) throw new S3Refusal(404, 'NoSuchKey', 'The specified key does not exist.');
  const own = { 'content-type': version.contentType, etag: version.etag, ...version.metadata };
  return rangeReply(request, memoryContent(version.bytes), { ...own, ...versionHeader(bucket, version) });
}

function copy(
  buckets: ReadonlyMap<string, S3BucketState>,
  bucket: S3BucketState,
  key: string,
  { headers }: TestRequest,
): Reply {
  const version = copySource(buckets, headers);
  if (bucket.copiesWhere) requireConditions(latest(bucket, key), headers);
  if (version.bytes.byteLength > bucket.mostCopied)
    throw new S3Refusal(
      400,
      'InvalidRequest',
      `The specified copy source is larger than the maximum allowable size for a copy source: ${bucket.mostCopied}`,
    );
  const kept = headers['x-amz-metadata-directive'] === 'REPLACE' ? keptAs(headers, bucket) : version;
  const { contentType, metadata, tags, lock, legalHold } = kept;
  const copied = store(bucket, key, version.bytes, version.etag, {
    contentType,
    metadata,
    tags,
    legalHold,
    ...(lock && { lock }),
  });
  return xmlReply(
    200,
    `<CopyObjectResult><ETag>${copied.etag.replaceAll('"', '&#34;')}</ETag><ChecksumSHA256>${createHash('sha256').update(version.bytes).digest('base64')}</ChecksumSHA256></CopyObjectResult>`,
    versionHeader(bucket, copied),
  );
}

function storedReply(bucket: S3BucketState, version: S3Version): Reply {
  const sha256 = createHash('sha256').update(version.bytes).digest('base64');
  return {
    status: 200,
    headers: { etag: version.etag, 'x-amz-checksum-sha256': sha256, ...versionHeader(bucket, version) },
  };
}

function versionHeader({ versioning }: S3BucketState, { id }: S3Version): Record<string, string> {
  return versioning ? { 'x-amz-version-id': id } : {};
}
