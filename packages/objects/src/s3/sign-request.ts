import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of credentials that end by themselves. */
  readonly sessionToken?: string;
}

export interface UnsignedRequest {
  readonly method: string;
  /** With `encodeS3` applied to its path and its query. */
  readonly url: URL;
  /** All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in hex. */
  readonly bodySha256: string;
}

/** SHA-256 of no bytes. */
export const EMPTY_SHA256: string = sha256('');

/** The headers of a request signed with AWS Signature Version 4, in the `Authorization` header (Amazon S3 API reference, "Authenticating Requests"). `now`: the server takes 15 minutes
 *  more or less. */
export function signRequest(
  { method, url, headers, bodySha256 }: UnsignedRequest,
  credentials: S3Credentials,
  region: string,
  now: Date,
): Record<string, string> {
  const { accessKeyId, sessionToken } = credentials;
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const own = {
    ...headers,
    'x-amz-content-sha256': bodySha256,
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  const lines = Object.entries({ ...own, host: url.host })
    .map(([name, value]) => [name.toLowerCase(), value.trim().replace(/ +/g, ' ')] as const)
    .sort(byName);
  const names = lines.map(([name]) => name).join(';');
  const canonical = [
    method,
    url.pathname,
    canonicalQuery(url),
    ...lines.map(([name, value]) => `${name}:${value}`),
    '',
    names,
    bodySha256,
  ].join('\n');
  const wanted = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n');
  const signature = createHmac('sha256', keyFor(credentials, scope)).update(wanted).digest('hex');
  return {
    ...own,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope},SignedHeaders=${names},Signature=${signature}`,
  };
}

/** Percent-encodes everything but unreserved characters, as the signature wants it. */
export function encodeS3(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** The key of a day, made once for it: four of five hashes of a signature. */
const keys = new WeakMap<S3Credentials, { readonly scope: string; readonly key: KeyObject }>();

function keyFor(credentials: S3Credentials, scope: string): KeyObject {
  const known = keys.get(credentials);
  if (known?.scope === scope) return known.key;
  const secret = scope
    .split('/')
    .reduce<string | Buffer>(
      (key, text) => createHmac('sha256', key).update(text).digest(),
      `AWS4${credentials.secretAccessKey}`,
    );
  const key = createSecretKey(Buffer.from(secret));
  keys.set(credentials, { scope, key });
  return key;
}

function canonicalQuery({ search }: URL): string {
  if (search === '') return '';
  return search
    .slice(1)
    .split('&')
    .map((pair) => pair.split('=') as [string, string?])
    .sort(byName)
    .map(([name, value = '']) => `${name}=${value}`)
    .join('&');
}

function byName([a]: readonly [string, string?], [b]: readonly [string, string?]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
