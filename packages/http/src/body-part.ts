import { GapferryError } from '@gapferry/core';
import type { BodyRequest } from './http-client.ts';
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
}

/** What earlier answers said about the same body. */
export interface BodyIdentity {
  readonly total: number | undefined;
  readonly etag: string | undefined;
}

export const UNKNOWN_BODY: BodyIdentity = { total: undefined, etag: undefined };

/** Headers that ask for the rest from `at`; a body that changed since is then sent whole. */
export function rangeHeaders(at: number, { etag }: BodyIdentity): Record<string, string> {
  if (at === 0) return {};
  return { Range: `bytes=${at}-`, ...(etag !== undefined && { 'If-Range': etag }) };
}

/** Judges status and headers of an answer to `rangeHeaders(at)`. Throws `SIZE_MISMATCH` or `PROTOCOL_VIOLATION`. */
export function readBodyPart(trip: Trip, at: number, request: BodyRequest, known: BodyIdentity): BodyPart {
  const part =
    trip.status === 206
      ? partialPart(trip, at, request)
      : { skip: at, ...wholePart(trip), etag: strongEtag(trip) };
  if (request.size !== undefined && part.total !== undefined && part.total !== request.size)
    throw wrongSize(trip, request, part.total);
  const changed =
    (known.etag !== undefined && part.etag !== known.etag) ||
    (known.total !== undefined && part.total !== undefined && part.total !== known.total);
  if (at > 0 && changed) throw violation(trip, request, 'changed while it was being read', true);
  return part;
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
    etag: strongEtag(trip),
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
    data: { host: trip.url.host, item: request.item },
  });
}
