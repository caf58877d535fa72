import type { Reply } from '../http/reply.ts';
import { readBody, type TestRequest } from '../http/test-request.ts';
import { escapeText, S3Refusal, xmlReply } from './s3-error.ts';
import { latest, MOST_COPIED, requireDigests, type S3BucketState } from './s3-objects.ts';

export interface S3Buckets {
  readonly buckets: Map<string, S3BucketState>;
  readonly region: string;
  /** Nobody may make one. */
  readonly fixed: boolean;
}

/** Questions about a bucket itself. */
export async function answerBucket(all: S3Buckets, name: string, request: TestRequest): Promise<Reply> {
  const { method, query } = request;
  if (method === 'PUT' && !query.has('versioning')) return await makeBucket(all, name, request);
  const bucket = all.buckets.get(name);
  if (bucket === undefined) throw new S3Refusal(404, 'NoSuchBucket', 'The specified bucket does not exist');
  if (method === 'PUT') {
    bucket.versioning = (await checkedBody(request)).includes('<Status>Enabled</Status>');
    return { status: 200 };
  }
  if (query.has('versioning'))
    return xmlReply(
      200,
      `<VersioningConfiguration>${bucket.versioning ? '<Status>Enabled</Status>' : ''}</VersioningConfiguration>`,
    );
  if (query.has('object-lock')) {
    if (!bucket.objectLock)
      throw new S3Refusal(
        404,
        'ObjectLockConfigurationNotFoundError',
        'Object Lock configuration does not exist for this bucket',
      );
    return xmlReply(
      200,
      '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>',
    );
  }
  return query.has('uploads') ? uploads(bucket, query) : listing(bucket, query);
}

/** ListMultipartUploads, all on one page. */
function uploads(bucket: S3BucketState, query: URLSearchParams): Reply {
  const prefix = query.get('prefix') ?? '';
  const encode = query.get('encoding-type') === 'url' ? urlEncode : escapeText;
  const lines = [...bucket.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .map(({ key, id }) => `<Upload><Key>${encode(key)}</Key><UploadId>${id}</UploadId></Upload>`);
  return xmlReply(
    200,
    `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${lines.join('')}</ListMultipartUploadsResult>`,
  );
}

async function makeBucket(
  { buckets, region, fixed }: S3Buckets,
  name: string,
  request: TestRequest,
): Promise<Reply> {
  if (fixed) throw new S3Refusal(403, 'AccessDenied', 'Access Denied.');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
    throw new S3Refusal(400, 'InvalidBucketName', 'The specified bucket is not valid.');
  if (buckets.has(name))
    throw new S3Refusal(409, 'BucketAlreadyOwnedByYou', 'Your previous request to create it succeeded.');
  const named = /<LocationConstraint>(.*?)</.exec(await checkedBody(request))?.[1] ?? 'us-east-1';
  if (named !== region)
    throw new S3Refusal(400, 'InvalidRegion', `Region does not match; expecting '${region}'.`);
  const objectLock = request.headers['x-amz-bucket-object-lock-enabled'] === 'true';
  buckets.set(name, {
    versioning: objectLock,
    objectLock,
    objects: new Map(),
    uploads: new Map(),
    quota: Number.POSITIVE_INFINITY,
    mostCopied: MOST_COPIED,
    copiesWhere: false,
  });
  return { status: 200 };
}

async function checkedBody(request: TestRequest): Promise<string> {
  const bytes = await readBody(request);
  requireDigests(bytes, request.headers);
  return bytes.toString();
}

/** ListObjectsV2: a thousand keys a page. */
function listing(bucket: S3BucketState, query: URLSearchParams): Reply {
  if (query.get('list-type') !== '2') throw new S3Refusal(501, 'NotImplemented', 'only version 2 is listed');
  const [prefix, after] = [query.get('prefix') ?? '', query.get('continuation-token') ?? ''];
  const keys = [...bucket.objects.keys()]
    .filter((key) => key.startsWith(prefix) && key > after && latest(bucket, key))
    .sort();
  const page = keys.slice(0, 1000);
  const encode = query.get('encoding-type') === 'url' ? urlEncode : escapeText;
  const lines = page.map((key) => {
    const object = latest(bucket, key);
    return `<Contents><Key>${encode(key)}</Key><Size>${object?.bytes.byteLength}</Size><ETag>${escapeText(object?.etag ?? '')}</ETag></Contents>`;
  });
  const isMore = page.length < keys.length;
  const token = isMore
    ? `<NextContinuationToken>${escapeText(page.at(-1) ?? '')}</NextContinuationToken>`
    : '';
  return xmlReply(
    200,
    `<ListBucketResult><IsTruncated>${isMore}</IsTruncated>${token}${lines.join('')}</ListBucketResult>`,
  );
}

function urlEncode(key: string): string {
  return new URLSearchParams([['', key]]).toString().slice(1).replaceAll('%2F', '/');
}
