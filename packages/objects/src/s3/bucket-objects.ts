import { type Bytes, GapferryError, hexOf } from '@gapferry/core';
import type { HttpAnswer } from '@gapferry/http';
import { textIn } from './parse-xml.ts';
import { putHeaders } from './put-headers.ts';
import type { CopySource, ObjectBody, ObjectFacts, S3Bucket, StoredObject } from './s3-bucket.ts';
import { askForXml, askS3, hasS3Code, placeOf, type S3Parts, signedS3 } from './s3-connection.ts';
import { encodeS3 } from './sign-request.ts';

/** Bytes in which a store says why not. */
const LARGEST_ERROR = 64 << 10;

/** Single objects. */
export function bucketObjects(
  parts: S3Parts,
): Pick<S3Bucket, 'head' | 'read' | 'open' | 'put' | 'copy' | 'remove'> {
  return {
    async head({ key, item, version }, run) {
      const query: Record<string, string> = version === undefined ? {} : { versionId: version };
      const answer = await askS3(parts, { method: 'HEAD', key, query, item, accept: [200, 404] }, run);
      return answer.status === 404 ? undefined : toFacts(answer, parts, item);
    },
    async read({ key, item }, most, run) {
      try {
        const question = { method: 'GET', key, item, maxBytes: Math.max(most, LARGEST_ERROR) } as const;
        const answer = await askS3(parts, question, run);
        if (answer.body.byteLength > most) throw tooLarge(parts, item, most);
        return { ...toFacts(answer, parts, item), bytes: answer.body };
      } catch (error) {
        if (hasS3Code(error, 'NoSuchKey')) return undefined;
        throw error;
      }
    },
    open: (at, from, run): Bytes => {
      const query: Record<string, string> = at.version === undefined ? {} : { versionId: at.version };
      const { key, item, size, held } = at;
      const signed = () => signedS3(parts, { method: 'GET', key, query, item });
      const request = { ...signed(), renewed: () => signed().headers, headersStay: true, item, size };
      return parts.http.body({ ...request, ...(held && { held }) }, from, run);
    },
    async put({ key, item }, body, options, run) {
      const headers = { ...putHeaders(options), ...bodyHeaders(body) };
      return toStored(await askS3(parts, { method: 'PUT', key, item, headers, body }, run), parts, item);
    },
    async copy(from, { key, item }, options, run) {
      const headers = { ...putHeaders(options), ...copySource(from, parts), ...REPLACING };
      const question = { method: 'PUT', key, item, headers, workingBytes: from.size ?? 0 } as const;
      const answer = await askForXml(parts, question, run);
      const etag = textIn(answer, 'ETag');
      if (etag === undefined) throw unclear(parts, item);
      const sha256 = textIn(answer, 'ChecksumSHA256');
      // One of parts is a digest of digests, and says nothing here.
      return { etag, ...(sha256 !== undefined && /^[A-Za-z0-9+/]{43}=$/.test(sha256) && { sha256 }) };
    },
    async remove({ key, item }, run) {
      await askS3(parts, { method: 'DELETE', key, item, accept: [200, 204, 404] }, run);
    },
  };
}

const REPLACING = {
  'x-amz-metadata-directive': 'REPLACE',
  'x-amz-tagging-directive': 'REPLACE',
  'x-amz-checksum-algorithm': 'SHA256',
};

/** The digest of the whole is known before anything is sent, so the store can check it by itself, and keeps it. */
function bodyHeaders({ digest }: ObjectBody): Record<string, string> {
  return { 'x-amz-checksum-sha256': Buffer.from(hexOf(digest), 'hex').toString('base64') };
}

/** Names what is copied, and says as it must be. */
export function copySource({ key, etag, version }: CopySource, { bucket }: S3Parts): Record<string, string> {
  const path = [bucket, ...key.split('/')].map(encodeS3).join('/');
  return {
    'x-amz-copy-source': version === undefined ? path : `${path}?versionId=${encodeS3(version)}`,
    'x-amz-copy-source-if-match': etag,
  };
}

function toFacts({ headers }: HttpAnswer, parts: S3Parts, item: string): ObjectFacts {
  const size = headers.get('content-length');
  const etag = headers.get('etag');
  if (etag === undefined || !/^\d{1,15}$/.test(size ?? '')) throw unclear(parts, item);
  const version = headers.get('x-amz-version-id');
  const metadata = [...headers].flatMap(([name, value]) =>
    name.startsWith('x-amz-meta-') ? [[name.slice('x-amz-meta-'.length), value] as const] : [],
  );
  return {
    size: Number(size),
    etag,
    ...(version !== undefined && { version }),
    metadata: new Map(metadata),
  };
}

export function toStored({ headers }: HttpAnswer, parts: S3Parts, item: string): StoredObject {
  const etag = headers.get('etag');
  if (etag === undefined) throw unclear(parts, item);
  const version = headers.get('x-amz-version-id');
  return { etag, ...(version !== undefined && { version }) };
}

function tooLarge(parts: S3Parts, item: string, most: number): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `${item} at ${placeOf(parts)} has more than ${most} bytes`,
    origin: 'source',
    data: { item },
  });
}

function unclear(parts: S3Parts, item: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${placeOf(parts)} does not say which ETag and size ${item} has`,
    origin: 'source',
    data: { item },
  });
}
