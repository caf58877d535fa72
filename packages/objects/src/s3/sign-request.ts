import { createHash } from 'node:crypto';
import aws4 from 'aws4';

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
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const own: Record<string, string> = {
    ...headers,
    'x-amz-content-sha256': bodySha256,
    'x-amz-date': now.toISOString().replace(/[-:]|\.\d{3}/g, ''),
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  };
  // Otherwise some are left out, as Range.
  const extraHeadersToInclude = Object.fromEntries(
    Object.keys(own).map((name) => [name.toLowerCase(), true]),
  );
  const path = `${url.pathname}${url.search}`;
  const request = { service: 's3', region, method, path, extraHeadersToInclude };
  const signed = aws4.sign(
    { ...request, headers: { ...own, host: url.host } },
    { accessKeyId, secretAccessKey },
  );
  return { ...own, authorization: String(signed.headers?.['Authorization']) };
}

/** Percent-encodes everything but unreserved characters, as the signature wants it. */
export function encodeS3(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
