import { GapferryError } from '@gapferry/core';
import type { BodyRequest, BodyValidator } from './http-client.ts';
import type { Trip } from './trip.ts';

/** Where the bytes of one answer lie in the whole body (RFC 9110, section 14). */
export interface BodyPart {
  /** Bytes at the beginning of the answer that are there already and are dropped. */
  readonly skip: number;
  /** Offset in the body at which the answer ends, where it says so. */
  readonly end: number | undefined;
  /** Bytes of the whole body, where the answer says so. */
  readonly total: number | undefined;
  readonly etag: string | undefined;
  /** As it stands there, whether it is strong or not. */
  readonly lastModified: string | undefined;
}

/** What earlier answers said about the same body. */
export interface BodyIdentity {
  readonly total: number | undefined;
  readonly etag: string | undefined;
  /** A strong date, of a body that has no strong ETag and is held by it. */
  readonly lastModified?: string;
}

export const UNKNOWN_BODY: BodyIdentity = { total: undefined, etag: undefined };

/** Headers that ask for the rest from `at`; a body that changed since is then sent whole. */
export function rangeHeaders(at: number, { etag, lastModified }: BodyIdentity): Record<string, string> {
  if (at === 0) return {};
  const condition = etag ?? lastModified;
  return { Range: `bytes=${at}-`, ...(condition !== undefined && { 'If-Range': condition }) };
}

/** The strongest validator of an answer. A date is strong when the answer was made so long after it that a second change within its second would be seen (RFC 9110, section 8.8.2.2). */
export function validatorOf(trip: Trip): BodyValidator | undefined {
  const etag = strongEtag(trip);
  if (etag !== undefined) return { etag };
  const [lastModified = '', date = ''] = ['last-modified', 'date'].map((name) => trip.headers.get(name));
  return Date.parse(date) - Date.parse(lastModified) >= STRONG_AFTER_MS ? { lastModified } : undefined;
}

const STRONG_AFTER_MS = 60_000;

/** Judges status and headers of an answer to `rangeHeaders(at)`. Throws `SIZE_MISMATCH` or `PROTOCOL_VIOLATION`. */
export function readBodyPart(trip: Trip, at: number, request: BodyRequest, known: BodyIdentity): BodyPart {
  const part =
    trip.status === 206 ? partialPart(trip, at, request) : { skip: at, ...wholePart(trip), ...namedIn(trip) };
  if (request.size !== undefined && part.total !== undefined && part.total !== request.size)
    throw wrongSize(trip, request, part.total);
  const changed =
    (known.etag !== undefined && part.etag !== known.etag) ||
    (known.lastModified !== undefined && !hasDate(trip, part, known.lastModified)) ||
    (known.total !== undefined && part.total !== undefined && part.total !== known.total);
  if (at > 0 && changed) throw violation(trip, request, 'changed while it was being read', true);
  return part;
}

/** A part that was asked for under the date need not repeat it (RFC 9110, section 15.3.7). */
function hasDate({ status }: Trip, { lastModified }: BodyPart, known: string): boolean {
  return lastModified === known || (status === 206 && lastModified === undefined);
}

function namedIn(trip: Trip): Pick<BodyPart, 'etag' | 'lastModified'> {
  return { etag: strongEtag(trip), lastModified: trip.headers.get('last-modified') };
}

/** The server has fewer bytes than are here already (416), or ended early although it seemed whole. */
export function wrongSize(trip: Trip, request: BodyRequest, actual: number | string): GapferryError {
  return new GapferryError({
    code: 'SIZE_MISMATCH',
    message: `${trip.url.host} sends ${actual} bytes as ${request.item} instead of ${request.size}`,
    hint: 'upstream has other bytes than it announced; nothing of them is used',
    origin: 'source',
    data: { host: trip.url.host, item: request.item, size: request.size, actual },
  });
}

/** The answer to a range that does not exist. */
export function unsatisfiable(trip: Trip, request: BodyRequest): GapferryError {
  const total = /^bytes \*\/(\d{1,15})$/.exec(trip.headers.get('content-range') ?? '')?.[1];
  if (request.size !== undefined && total !== undefined) return wrongSize(trip, request, Number(total));
  return violation(trip, request, 'is shorter than what was read of it before', true);
}

function partialPart(trip: Trip, at: number, request: BodyRequest): BodyPart {
  const range = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(trip.headers.get('content-range') ?? '');
  if (!range || at === 0 || Number(range[1]) !== at || Number(range[2]) < at)
    throw violation(
      trip,
      request,
      `was answered with another part than the one asked for (from ${at})`,
      false,
    );
  return {
    skip: 0,
    end: Number(range[2]) + 1,
    total: range[3] === '*' ? undefined : Number(range[3]),
    ...namedIn(trip),
  };
}

function wholePart(trip: Trip): Pick<BodyPart, 'end' | 'total'> {
  const text = trip.headers.get('content-length') ?? '';
  const length = /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  return { end: length, total: length };
}

/** Only strong validators say that bytes are equal. */
function strongEtag(trip: Trip): string | undefined {
  const etag = trip.headers.get('etag');
  return etag?.startsWith('"') ? etag : undefined;
}

function violation(trip: Trip, request: BodyRequest, what: string, retryable: boolean): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${request.item} of ${trip.url.host} ${what}`,
    origin: 'source',
    hint: retryable
      ? 'run the same command again'
      : `${trip.url.host} or something in between handles ranges wrongly`,
    data: { host: trip.url.host, item: request.item, changed: true },
  });
}
