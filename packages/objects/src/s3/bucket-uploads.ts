import { digestFromHex, digestOf, GapferryError, type Run } from '@gapferry/core';
import { copySource } from './bucket-objects.ts';
import { allIn, escapeXml, textIn, type XmlElement } from './parse-xml.ts';
import { conditions, putHeaders } from './put-headers.ts';
import type { ObjectAt, ObjectBody, S3Bucket, UploadedPart } from './s3-bucket.ts';
import { askForXml, askS3, hasS3Code, placeOf, type S3Parts } from './s3-connection.ts';

/** Multipart uploads. */
export function bucketUploads(
  parts: S3Parts,
): Pick<S3Bucket, 'begin' | 'parts' | 'putPart' | 'copyPart' | 'complete' | 'abort'> {
  return {
    async begin({ key, item }, options, run) {
      // MinIO computes no digests of parts that it copies, and then refuses them where it was promised some.
      const digests = options.copied ? {} : { 'x-amz-checksum-algorithm': 'SHA256' };
      const headers = { ...putHeaders(options), ...digests };
      const answer = await askForXml(
        parts,
        { method: 'POST', key, item, headers, query: { uploads: '' } },
        run,
      );
      const id = textIn(answer, 'UploadId');
      if (id === undefined || id === '' || id.length > 2000) throw unclear(parts, item);
      return id;
    },
    parts: (at, upload, run) => listParts(parts, at, upload, run),
    async putPart({ key, item }, uploadId, { number, bytes, sha256 }, run) {
      const answer = await askS3(
        parts,
        {
          method: 'PUT',
          key,
          item,
          query: { partNumber: String(number), uploadId },
          headers: { 'x-amz-checksum-sha256': sha256 },
          body: {
            digest: digestFromHex(Buffer.from(sha256, 'base64').toString('hex')),
            size: bytes.byteLength,
            open: () => once(bytes),
          },
        },
        run,
      );
      const etag = answer.headers.get('etag');
      if (etag === undefined) throw unclear(parts, item);
      return { number, size: bytes.byteLength, etag, sha256 };
    },
    async copyPart(from, { key, item }, uploadId, { number, start, size }, run) {
      const query = { partNumber: String(number), uploadId };
      const range = `bytes=${start}-${start + size - 1}`;
      const headers = { ...copySource(from, parts), 'x-amz-copy-source-range': range };
      const question = { method: 'PUT', key, item, query, headers, workingBytes: size } as const;
      const answer = await askForXml(parts, question, run);
      const [etag, sha256] = [textIn(answer, 'ETag'), textIn(answer, 'ChecksumSHA256')];
      if (etag === undefined) throw unclear(parts, item);
      return { number, size, etag, ...(sha256 !== undefined && sha256 !== '' && { sha256 }) };
    },
    complete: (at, upload, done, run) => complete(parts, at, upload, done, run),
    async abort({ key, item }, uploadId, run) {
      await askS3(parts, { method: 'DELETE', key, item, query: { uploadId }, accept: [200, 204, 404] }, run);
    },
  };
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

async function complete(
  parts: S3Parts,
  { key, item, ifMatch }: Parameters<S3Bucket['complete']>[0],
  uploadId: string,
  done: readonly UploadedPart[],
  run: Run,
): ReturnType<S3Bucket['complete']> {
  const question = { method: 'POST', key, item, query: { uploadId }, body: completion(done) } as const;
  const headers = conditions({ ifMatch });
  const workingBytes = done.reduce((sum, { size }) => sum + size, 0);
  const answer = await askForXml(parts, { ...question, headers, workingBytes }, run);
  const etag = textIn(answer, 'ETag');
  if (etag === undefined) throw unclear(parts, item);
  return { etag };
}

async function listParts(
  parts: S3Parts,
  { key, item }: ObjectAt,
  uploadId: string,
  run: Run,
): Promise<readonly UploadedPart[] | undefined> {
  const found: UploadedPart[] = [];
  try {
    for (let marker = '0'; ; ) {
      const query = { uploadId, 'part-number-marker': marker };
      const page = await askForXml(parts, { method: 'GET', key, item, query }, run);
      found.push(...allIn(page, 'Part').map((part) => toPart(part, parts, item)));
      const next = textIn(page, 'NextPartNumberMarker') ?? '';
      if (textIn(page, 'IsTruncated') !== 'true') return found;
      if (!/^\d{1,5}$/.test(next) || Number(next) <= Number(marker)) throw unclear(parts, item);
      marker = next;
    }
  } catch (error) {
    if (hasS3Code(error, 'NoSuchUpload')) return undefined;
    throw error;
  }
}

function toPart(part: XmlElement, parts: S3Parts, item: string): UploadedPart {
  const [number, size, etag, sha256] = ['PartNumber', 'Size', 'ETag', 'ChecksumSHA256'].map((name) =>
    textIn(part, name),
  );
  if (!/^\d{1,5}$/.test(number ?? '') || !/^\d{1,15}$/.test(size ?? '') || etag === undefined)
    throw unclear(parts, item);
  return {
    number: Number(number),
    size: Number(size),
    etag,
    ...(sha256 !== undefined && sha256 !== '' && { sha256 }),
  };
}

/** A store that checks parts wants to hear of each what it said. */
function completion(done: readonly UploadedPart[]): ObjectBody {
  const lines = done.map(
    ({ number, etag, sha256 }) =>
      `<Part><PartNumber>${number}</PartNumber><ETag>${escapeXml(etag)}</ETag>${sha256 === undefined ? '' : `<ChecksumSHA256>${sha256}</ChecksumSHA256>`}</Part>`,
  );
  return xmlBody(
    `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${lines.join('')}</CompleteMultipartUpload>`,
  );
}

export function xmlBody(text: string): ObjectBody {
  const bytes = Buffer.from(text);
  return { digest: digestOf(bytes), size: bytes.byteLength, open: () => once(bytes) };
}

function unclear(parts: S3Parts, item: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${placeOf(parts)} answers unclearly about the upload of ${item}`,
    origin: 'source',
    data: { item },
  });
}
