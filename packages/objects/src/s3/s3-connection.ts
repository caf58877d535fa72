import { GapferryError, hexOf, isGapferryError, type Run } from '@gapferry/core';
import { createTries, type HttpAnswer, type HttpClient, type TryOptions } from '@gapferry/http';
import { parseXml, type XmlElement } from './parse-xml.ts';
import type { ObjectBody } from './s3-bucket.ts';
import { s3Error } from './s3-error.ts';
import { EMPTY_SHA256, encodeS3, type S3Credentials, signRequest } from './sign-request.ts';

export interface S3Place {
  /** `https://host[:port]`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  /** `host/bucket/key`; otherwise `bucket.host/key`. */
  readonly pathStyle: boolean;
  /** Absent: questions are not signed. */
  readonly credentials?: S3Credentials;
}

export interface S3Parts extends S3Place {
  readonly http: HttpClient;
  readonly tries: TryOptions;
  readonly now: () => Date;
}

export interface S3Question {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Absent: the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: ObjectBody;
  /** Bytes that the store copies or joins before it answers. */
  readonly workingBytes?: number;
  readonly item: string;
  /** Statuses that are answers; all others become errors. Default 200 and 204. */
  readonly accept?: readonly number[];
  /** Of the answer's body. */
  readonly maxBytes?: number;
}

/** Statuses whose bodies say what is wrong. */
const SPEAKING = [301, 400, 401, 403, 404, 405, 409, 411, 412, 413, 416, 507];
const FINE = [200, 204];
/** A thousand objects with the longest keys have less than half of it. */
const LARGEST_XML = 8 << 20;

/** Asks the store and judges what it answers. What a failed trip left does no harm: every question may be asked twice. */
export async function askS3(parts: S3Parts, question: S3Question, run: Run): Promise<HttpAnswer> {
  return await withTries(parts, question, () => askOnce(parts, question, run), run);
}

/** For answers that may begin with 200 before they know how they end. */
export async function askForXml(parts: S3Parts, question: S3Question, run: Run): Promise<XmlElement> {
  const ask = async (): Promise<XmlElement> => {
    const answer = await askOnce(parts, { maxBytes: LARGEST_XML, ...question }, run);
    const root = parseXml(new TextDecoder().decode(answer.body).trim());
    if (root.name === 'Error') throw s3Error(answer, purposeOf(parts, question.item));
    return root;
  };
  return await withTries(parts, question, ask, run);
}

async function withTries<T>(
  parts: S3Parts,
  { method, item }: S3Question,
  ask: () => Promise<T>,
  run: Run,
): Promise<T> {
  // The HTTP client asks again by itself where nothing is sent.
  if (method === 'GET' || method === 'HEAD') return await ask();
  const tries = createTries(item, new URL(parts.endpoint).host, parts.tries);
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      await tries.failed(error, run);
    }
  }
}

/** Address and signed headers of a question. */
export function signedS3(
  parts: S3Parts,
  { method, key, query = {}, headers = {}, body, item }: S3Question,
): { readonly url: string; readonly headers: Record<string, string> } {
  const url = urlOf(parts, key, query, item);
  const bodySha256 = body === undefined ? EMPTY_SHA256 : hexOf(body.digest);
  if (parts.credentials === undefined) return { url: url.href, headers: { ...headers } };
  return {
    url: url.href,
    headers: signRequest({ method, url, headers, bodySha256 }, parts.credentials, parts.region, parts.now()),
  };
}

export function placeOf({ endpoint, bucket }: S3Place): string {
  return `${new URL(endpoint).host}/${bucket}`;
}

async function askOnce(parts: S3Parts, question: S3Question, run: Run): Promise<HttpAnswer> {
  const { method, body, workingBytes, item, accept = FINE, maxBytes = 32 << 20 } = question;
  const request = {
    ...signedS3(parts, question),
    // A signature counts for one host, and a session token is a secret.
    headersStay: true,
    item,
    accept: [...new Set([...accept, ...SPEAKING])],
    maxBytes,
  };
  const answer =
    method === 'GET' || method === 'HEAD'
      ? await parts.http.request({ ...request, method }, run)
      : await parts.http.send(
          {
            ...request,
            method,
            body: body ?? new Uint8Array(),
            ...(workingBytes !== undefined && { workingBytes }),
          },
          run,
        );
  if (accept.includes(answer.status)) return answer;
  throw s3Error(answer, purposeOf(parts, item));
}

function purposeOf(parts: S3Parts, item: string): Parameters<typeof s3Error>[1] {
  return { item, place: placeOf(parts), region: parts.region, now: parts.now() };
}

function urlOf(
  { endpoint, bucket, pathStyle }: S3Place,
  key: string | undefined,
  query: Readonly<Record<string, string>>,
  item: string,
): URL {
  const path = key === undefined ? '' : key.split('/').map(encodeS3).join('/');
  const url = new URL(pathStyle ? `/${bucket}/${path}` : `/${path}`, endpoint);
  if (key === undefined && pathStyle) url.pathname = `/${bucket}`;
  if (!pathStyle) url.hostname = `${bucket}.${url.hostname}`;
  if (key !== undefined && !url.pathname.endsWith(`/${path}`)) throw unusableKey(key, item);
  url.search = Object.entries(query)
    .map(([name, value]) => `${encodeS3(name)}=${encodeS3(value)}`)
    .join('&');
  return url;
}

/** A part `..` would be taken away on the way. */
function unusableKey(key: string, item: string): GapferryError {
  return new GapferryError({
    code: 'REFERENCE_INVALID',
    message: `the key "${key.slice(0, 200)}" of ${item} cannot be asked for: it has the part "." or ".."`,
    origin: 'source',
  });
}

export function hasS3Code(error: unknown, ...codes: readonly string[]): boolean {
  return isGapferryError(error) && codes.includes(String(error.data['s3']));
}
