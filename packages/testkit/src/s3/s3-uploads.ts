import { createHash, randomUUID } from 'node:crypto';
import type { Reply } from '../http/reply.ts';
import { readBody, type TestRequest } from '../http/test-request.ts';
import { escapeText, S3Refusal, xmlReply } from './s3-error.ts';
import {
  copySource,
  etagOf,
  keptAs,
  latest,
  requireConditions,
  requireDigests,
  type S3BucketState,
  type S3Upload,
  store,
} from './s3-objects.ts';

const LEAST_PART = 5 << 20;

/** The multipart part of the API; undefined for what is none of it. */
export async function answerUpload(
  buckets: ReadonlyMap<string, S3BucketState>,
  bucket: S3BucketState,
  key: string,
  request: TestRequest,
): Promise<Reply | undefined> {
  const { method, query } = request;
  if (method === 'POST' && query.has('uploads')) return begin(bucket, key, request);
  const id = query.get('uploadId');
  if (id === null) return undefined;
  const upload = bucket.uploads.get(id);
  if (upload?.key !== key)
    throw new S3Refusal(404, 'NoSuchUpload', 'The specified multipart upload does not exist.');
  if (method === 'PUT' && request.headers['x-amz-copy-source'] !== undefined)
    return copyPart(buckets, bucket, upload, request);
  if (method === 'PUT') return await putPart(upload, request);
  if (method === 'GET') return listParts(upload, query);
  if (method === 'POST') {
    const body = (await readBody(request)).toString();
    requireConditions(latest(bucket, key), request.headers);
    return complete(bucket, upload, body);
  }
  bucket.uploads.delete(id);
  return { status: 204 };
}

function begin(bucket: S3BucketState, key: string, { headers }: TestRequest): Reply {
  const id = randomUUID();
  bucket.uploads.set(id, {
    id,
    key,
    kept: keptAs(headers, bucket),
    digests: headers['x-amz-checksum-algorithm'] !== undefined,
    parts: new Map(),
  });
  return xmlReply(
    200,
    `<InitiateMultipartUploadResult><Key>${escapeText(key)}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
  );
}

async function putPart(upload: S3Upload, request: TestRequest): Promise<Reply> {
  const number = numberOf(request);
  const bytes = await readBody(request);
  requireDigests(bytes, request.headers);
  const sha256 = createHash('sha256').update(bytes).digest('base64');
  upload.parts.set(number, { bytes, etag: etagOf(bytes), sha256 });
  return { status: 200, headers: { etag: etagOf(bytes), 'x-amz-checksum-sha256': sha256 } };
}

function copyPart(
  buckets: ReadonlyMap<string, S3BucketState>,
  { mostCopied }: S3BucketState,
  upload: S3Upload,
  request: TestRequest,
): Reply {
  const number = numberOf(request);
  if (upload.digests)
    throw new S3Refusal(400, 'InvalidArgument', 'checksum missing: parts that are copied get none');
  const { bytes: whole } = copySource(buckets, request.headers);
  const range = /^bytes=(\d+)-(\d+)$/.exec(String(request.headers['x-amz-copy-source-range']));
  const [from, to] = [Number(range?.[1] ?? 0), Number(range?.[2] ?? whole.byteLength - 1)];
  if (from > to || to >= whole.byteLength)
    throw new S3Refusal(400, 'InvalidArgument', 'Range specified is not valid for source object');
  if (to - from + 1 > mostCopied)
    throw new S3Refusal(400, 'InvalidRequest', 'The specified copy range is larger than what may be copied');
  const bytes = whole.subarray(from, to + 1);
  const sha256 = createHash('sha256').update(bytes).digest('base64');
  upload.parts.set(number, { bytes, etag: etagOf(bytes), sha256 });
  return xmlReply(200, `<CopyPartResult><ETag>${escapeText(etagOf(bytes))}</ETag></CopyPartResult>`);
}

function numberOf({ query }: TestRequest): number {
  const number = Number(query.get('partNumber'));
  if (Number.isInteger(number) && number >= 1 && number <= 10_000) return number;
  throw new S3Refusal(400, 'InvalidArgument', 'Part number must be an integer between 1 and 10000.');
}

function listParts({ parts, id }: S3Upload, query: URLSearchParams): Reply {
  const marker = Number(query.get('part-number-marker') ?? 0);
  const rest = [...parts].filter(([number]) => number > marker).sort(([a], [b]) => a - b);
  const page = rest.slice(0, 1000);
  const lines = page.map(
    ([number, { bytes, etag, sha256 }]) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${escapeText(etag)}</ETag><Size>${bytes.byteLength}</Size><ChecksumSHA256>${sha256}</ChecksumSHA256></Part>`,
  );
  return xmlReply(
    200,
    `<ListPartsResult><UploadId>${id}</UploadId><IsTruncated>${page.length < rest.length}</IsTruncated><NextPartNumberMarker>${page.at(-1)?.[0] ?? 0}</NextPartNumberMarker>${lines.join('')}</ListPartsResult>`,
  );
}

/** All parts in order, each as it was sent, and each but the last of 5 MiB or more. */
function complete(bucket: S3BucketState, upload: S3Upload, body: string): Reply {
  const named = [...body.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = '']) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: /<ETag>(.*?)<\/ETag>/.exec(part)?.[1]?.replace(/&(?:quot|#34);/g, '"'),
    sha256: /<ChecksumSHA256>(.*?)</.exec(part)?.[1],
  }));
  if (named.length === 0)
    throw new S3Refusal(400, 'MalformedXML', 'The XML you provided was not well-formed');
  const parts = named.map(({ number, etag, sha256 }, i) => {
    if (number <= (named[i - 1]?.number ?? 0))
      throw new S3Refusal(400, 'InvalidPartOrder', 'The list of parts was not in ascending order.');
    const part = upload.parts.get(number);
    if (part === undefined || part.etag !== etag || (sha256 !== undefined && sha256 !== part.sha256))
      throw new S3Refusal(400, 'InvalidPart', 'One or more of the specified parts could not be found.');
    if (i < named.length - 1 && part.bytes.byteLength < LEAST_PART)
      throw new S3Refusal(400, 'EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed.');
    return part;
  });
  const digests = parts.map(({ bytes }) => createHash('md5').update(bytes).digest());
  const etag = `"${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-${parts.length}"`;
  store(bucket, upload.key, Buffer.concat(parts.map(({ bytes }) => bytes)), etag, upload.kept);
  bucket.uploads.delete(upload.id);
  return xmlReply(
    200,
    `<CompleteMultipartUploadResult><Key>${escapeText(upload.key)}</Key><ETag>${escapeText(etag)}</ETag></CompleteMultipartUploadResult>`,
  );
}
