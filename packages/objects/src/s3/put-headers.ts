import type { PutOptions } from './s3-bucket.ts';
import { encodeS3 } from './sign-request.ts';

/** The headers that say how an object is kept, of PutObject, CopyObject and CreateMultipartUpload. */
export function putHeaders({
  contentType,
  metadata = {},
  tags = {},
  lock,
  legalHold,
  ifMatch,
}: PutOptions): Record<string, string> {
  const tagging = Object.entries(tags).map(([name, value]) => `${encodeS3(name)}=${encodeS3(value)}`);
  return {
    'content-type': contentType ?? 'application/octet-stream',
    ...Object.fromEntries(Object.entries(metadata).map(([name, value]) => [`x-amz-meta-${name}`, value])),
    ...(tagging.length > 0 && { 'x-amz-tagging': tagging.join('&') }),
    ...(lock !== undefined && {
      'x-amz-object-lock-mode': lock.mode.toUpperCase(),
      'x-amz-object-lock-retain-until-date': lock.until.toISOString(),
    }),
    ...(legalHold === true && { 'x-amz-object-lock-legal-hold': 'ON' }),
    ...conditions({ ifMatch }),
  };
}

/** What must be there, of requests that replace it. */
export function conditions({
  ifMatch,
}: {
  readonly ifMatch?: PutOptions['ifMatch'] | undefined;
}): Record<string, string> {
  if (ifMatch === undefined) return {};
  return ifMatch === 'none' ? { 'if-none-match': '*' } : { 'if-match': ifMatch };
}
