import { type ErrorCode, GapferryError, printable } from '@gapferry/core';
import type { HttpAnswer } from '@gapferry/http';
import { parseXml, textIn, type XmlElement } from './parse-xml.ts';

/** What an error of the store is about. */
export interface S3Purpose {
  readonly item: string;
  /** `host/bucket`. */
  readonly place: string;
  readonly region: string;
  readonly now: Date;
}

interface Judgement {
  readonly code: ErrorCode;
  readonly says: string;
  readonly hint?: string;
  readonly retryable?: boolean;
}

const WRONG_REGION = new Set([
  'AuthorizationHeaderMalformed',
  'PermanentRedirect',
  'TemporaryRedirect',
  'IllegalLocationConstraintException',
]);
const FULL = new Set([
  'InsufficientStorage',
  'QuotaExceeded',
  'XMinioStorageFull',
  'XMinioAdminBucketQuotaExceeded',
  'XMinioStorageQuotaExceeded',
]);
const DAMAGED = new Set([
  'BadDigest',
  'InvalidDigest',
  'XAmzContentSHA256Mismatch',
  'XAmzContentChecksumMismatch',
  'InvalidChecksum',
]);
/** MinIO says IncompleteBody also where its disk was full in the middle; the next time it says that. */
const FAILED_TRIPS = new Set([
  'RequestTimeout',
  'InternalError',
  'ServiceUnavailable',
  'SlowDown',
  'IncompleteBody',
]);
/** Amazon and MinIO have no code of their own for it. */
const LOCKED = /\bWORM\b|protected by object lock/i;
const CHANGED = new Set(['PreconditionFailed', 'ConditionalRequestConflict', 'OperationAborted']);

/** How far apart clocks may be: a signature counts for 15 minutes. */
const MOST_SKEW_MS = 15 * 60_000;

/** The error that an answer of a store stands for, by the code in its body; `data.s3` has the code. An answer to HEAD has no body: MinIO gives the code in a header, others leave only the status. */
export function s3Error(answer: HttpAnswer, purpose: S3Purpose): GapferryError {
  const body = errorBody(answer);
  const s3 = printable((body && textIn(body, 'Code')) ?? headerOf(answer, 'x-minio-error-code')).slice(
    0,
    100,
  );
  const message = printable(
    (body && textIn(body, 'Message')) ?? headerOf(answer, 'x-minio-error-desc'),
  ).slice(0, 300);
  const said = s3 === '' ? `answered ${answer.status}` : `says ${s3}${message === '' ? '' : `: ${message}`}`;
  const { code, says, hint, retryable } = judge(answer, { s3, message }, body, purpose);
  return new GapferryError({
    code,
    message: `${purpose.item} at ${purpose.place}: ${says} (it ${said})`,
    ...(hint !== undefined && { hint }),
    retryable: retryable ?? false,
    origin: 'source',
    data: { item: purpose.item, place: purpose.place, status: answer.status, ...(s3 !== '' && { s3 }) },
  });
}

function errorBody({ body }: HttpAnswer): XmlElement | undefined {
  try {
    const root = parseXml(new TextDecoder().decode(body));
    return root.name === 'Error' ? root : undefined;
  } catch {
    return undefined;
  }
}

/** Without the quotation marks that MinIO puts around it; empty where there is none. */
function headerOf({ headers }: HttpAnswer, name: string): string {
  return (headers.get(name) ?? '').replace(/^"|"$/g, '');
}

function judge(
  answer: HttpAnswer,
  { s3, message }: { readonly s3: string; readonly message: string },
  body: XmlElement | undefined,
  purpose: S3Purpose,
): Judgement {
  const isSkewed = s3 === '' && answer.status === 403 && (clockSkew(answer, purpose.now) ?? 0) > MOST_SKEW_MS;
  if (s3 === 'RequestTimeTooSkewed' || isSkewed) return skewed(answer, purpose.now);
  if (WRONG_REGION.has(s3) || answer.status === 301) return wrongRegion(answer, body, purpose);
  if (FULL.has(s3) || answer.status === 507)
    return {
      code: 'NO_SPACE',
      says: 'the store has no space for it',
      hint: 'make room, or raise the quota of the bucket; what arrived stays, and the same command goes on with it',
    };
  if (DAMAGED.has(s3))
    return {
      code: 'DIGEST_MISMATCH',
      says: 'what arrived is not what was sent',
      hint: 'something between here and the store changes what passes; look for a proxy or a broken network card',
    };
  if (CHANGED.has(s3) || answer.status === 412)
    return {
      code: 'TARGET_CONFLICT',
      says: 'somebody else changed it meanwhile',
      hint: 'find out who writes there, then plan again',
    };
  if (s3 === 'ObjectLocked' || (answer.status >= 400 && LOCKED.test(message)))
    return {
      code: 'TARGET_CONFLICT',
      says: 'what is there is locked',
      hint: 'wait until the lock ends, or put the release under other keys: `{sequence}` in `keys` of the target',
    };
  if (s3 === 'BucketAlreadyExists')
    return {
      code: 'FORBIDDEN',
      says: 'the bucket belongs to somebody else',
      hint: 'choose another name for the bucket, or ask its owner for a permission',
    };
  if (FAILED_TRIPS.has(s3)) return { code: 'SERVER_ERROR', says: 'the store has trouble', retryable: true };
  return byStatus(answer.status, s3);
}

function byStatus(status: number, s3: string): Judgement {
  if (s3 === 'InvalidAccessKeyId' || s3 === 'SignatureDoesNotMatch')
    return {
      code: 'UNAUTHORIZED',
      says: 'the credentials are refused',
      hint: 'check access key and secret key where `credentials` says they are',
    };
  if (s3 === 'NoSuchBucket')
    return {
      code: 'SOURCE_NOT_FOUND',
      says: 'there is no such bucket',
      hint: 'check the name of the bucket',
    };
  if (s3 === 'EntityTooLarge') return { code: 'LIMIT_EXCEEDED', says: 'it is larger than the store takes' };
  // An answer may begin with 200 before the store knows how it ends.
  if (status === 401 || status === 403 || s3 === 'AccessDenied')
    return {
      code: 'FORBIDDEN',
      says: 'the credentials do not allow it',
      hint: 'the bucket may belong to somebody else, or the policy of these credentials lacks a permission',
    };
  if (status === 404 || s3 === 'NoSuchKey') return { code: 'SOURCE_NOT_FOUND', says: 'there is none' };
  return { code: 'PROTOCOL_VIOLATION', says: 'the store does not do it' };
}

/** Milliseconds between the clocks; undefined where the store does not say how late it is there. */
function clockSkew({ headers }: HttpAnswer, now: Date): number | undefined {
  const theirs = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(theirs) ? undefined : Math.abs(now.getTime() - theirs);
}

function skewed(answer: HttpAnswer, now: Date): Judgement {
  const skew = clockSkew(answer, now);
  const here = `here it is ${now.toISOString()}`;
  const there = new Date(answer.headers.get('date') ?? '');
  const clocks =
    skew === undefined
      ? here
      : `${here}, there ${there.toISOString()}, ${Math.round(skew / 60_000)} min apart`;
  return {
    code: 'UNAUTHORIZED',
    says: `the clocks differ too much for a signature: ${clocks}`,
    hint: 'set the clock that is wrong, then run the same command again',
  };
}

function wrongRegion({ headers }: HttpAnswer, body: XmlElement | undefined, purpose: S3Purpose): Judgement {
  const named = (body && textIn(body, 'Region')) || headers.get('x-amz-bucket-region');
  const region = named === undefined || named === '' ? undefined : printable(named).slice(0, 60);
  return {
    code: 'CONFIG_INVALID',
    says: `the region is not ${purpose.region}`,
    hint: region === undefined ? 'correct `region`' : `write \`region: ${region}\``,
  };
}
