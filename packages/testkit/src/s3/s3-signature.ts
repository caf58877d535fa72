import { createHash, createHmac } from 'node:crypto';
import type { TestRequest } from '../http/test-request.ts';
import { S3Refusal } from './s3-error.ts';

export interface S3Access {
  readonly accessKey: string;
  readonly secretKey: string;
  readonly region: string;
  readonly now: Date;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/,]+)\/(\d{8})\/([^/,]+)\/s3\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;
const SKEW_MS = 15 * 60_000;

/** Judges the signature of a request by the rules of Signature Version 4, written down once more: nothing is shared with whoever signs. */
export function requireSigned(request: TestRequest, access: S3Access): void {
  const [, accessKey, day = '', region = '', names = '', signature] =
    AUTHORIZATION.exec(request.headers.authorization ?? '') ?? [];
  if (signature === undefined) throw new S3Refusal(403, 'AccessDenied', 'Access Denied.');
  if (accessKey !== access.accessKey)
    throw new S3Refusal(403, 'InvalidAccessKeyId', 'The Access Key Id you provided does not exist.');
  if (region !== access.region)
    throw new S3Refusal(
      400,
      'AuthorizationHeaderMalformed',
      `The authorization header is malformed; the region is wrong; expecting '${access.region}'.`,
      { Region: access.region },
    );
  const time = header(request, 'x-amz-date');
  requireClock(time, access.now);
  requireHeaders(request, names.split(';'));
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, hash(canonical(request, names))].join('\n');
  const keys = [day, region, 's3', 'aws4_request'];
  let key: string | Buffer = `AWS4${access.secretKey}`;
  for (const part of keys) key = createHmac('sha256', key).update(part).digest();
  if (createHmac('sha256', key).update(text).digest('hex') !== signature)
    throw new S3Refusal(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided.',
    );
}

function requireClock(time: string, now: Date): void {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const at = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Math.abs(at - now.getTime()) <= SKEW_MS) return;
  throw new S3Refusal(
    403,
    'RequestTimeTooSkewed',
    "The difference between the request time and the server's time is too large.",
  );
}

/** What says where a request goes, and what it means, must be signed. */
function requireHeaders({ headers }: TestRequest, names: readonly string[]): void {
  const must = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  const missing = must.find((name) => !names.includes(name));
  if (missing !== undefined)
    throw new S3Refusal(403, 'AccessDenied', `There were headers present which were not signed: ${missing}`);
}

function canonical(request: TestRequest, names: string): string {
  const [path = '', query = ''] = request.url.split('?');
  const pairs = query === '' ? [] : query.split('&').map((pair) => (pair.includes('=') ? pair : `${pair}=`));
  return [
    request.method,
    path,
    pairs.sort().join('&'),
    ...names.split(';').map((name) => `${name}:${header(request, name).trim().replace(/ +/g, ' ')}`),
    '',
    names,
    header(request, 'x-amz-content-sha256'),
  ].join('\n');
}

function header({ headers }: TestRequest, name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : (value ?? '');
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
