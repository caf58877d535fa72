import { type Bytes, GapferryError, isGapferryError, type Run } from '@gapferry/core';
import type { ExchangeRequest } from './ask.ts';
import {
  type BodyIdentity,
  type BodyPart,
  rangeHeaders,
  readBodyPart,
  UNKNOWN_BODY,
  unsatisfiable,
  validatorOf,
  wrongSize,
} from './body-part.ts';
import type { Exchange } from './exchange.ts';
import type { BodyRequest, HeldBody } from './http-client.ts';
import type { Tries } from './tries.ts';
import type { Trip } from './trip.ts';
import { tooLarge } from './whole-answer.ts';

/** Progress is told, and a failure counts as a new one, after this many bytes. */
export const STEP: number = 1 << 20;

/** Bytes of a body from an offset, over as many trips as the tries allow. Every trip is a `BodyReading` that knows where it is. */
export async function* resumedBody(
  exchange: Exchange,
  request: BodyRequest,
  from: number,
  tries: Tries,
  run: Run,
): Bytes {
  const { held } = request;
  let at = from;
  let identity: BodyIdentity = { ...UNKNOWN_BODY, ...held?.by };
  while (request.size === undefined || at < request.size) {
    const before = at;
    let told = at;
    try {
      const { trip, part } = await openAt(exchange, request, at, identity, run);
      identity = held === undefined ? learn(identity, part) : learnHeld(held, identity, part, trip);
      for await (const chunk of positioned(trip, part, request, at)) {
        at += chunk.byteLength;
        if (at - told >= STEP) {
          run.emit({ kind: 'bytes', item: request.item, bytes: at - told });
          told = at;
        }
        yield chunk;
      }
      if (isWhole(trip, part, request, identity, at)) return;
    } catch (error) {
      const isVoid = held !== undefined && at > 0 && (!isHeld(identity) || hasChanged(error));
      if (at - before >= STEP && !isVoid) tries.progressed();
      await tries.failed(isVoid ? retryable(error) : error, run);
      if (isVoid) {
        held.anew();
        [at, told, identity] = [0, 0, UNKNOWN_BODY];
      }
    } finally {
      if (at > told) run.emit({ kind: 'bytes', item: request.item, bytes: at - told });
    }
  }
}

/** Asks for the rest from `at`. With a session the answer may be one that pours. */
export async function openAt(
  exchange: Exchange,
  request: BodyRequest & Pick<ExchangeRequest, 'session'>,
  at: number,
  identity: BodyIdentity,
  run: Run,
): Promise<{ trip: Trip; part: BodyPart }> {
  const trip = await exchange(
    {
      ...request,
      ...(request.renewed && { headers: request.renewed() }),
      accept: at === 0 ? [200] : [200, 206, 416],
    },
    rangeHeaders(at, identity),
    run,
  );
  try {
    if (trip.status === 416) throw unsatisfiable(trip, request);
    return { trip, part: readBodyPart(trip, at, request, identity) };
  } catch (error) {
    await leave(trip);
    throw error;
  }
}

/** The first answer's strong ETag stays the body's; a total may become known later. */
export function learn(known: BodyIdentity, part: BodyPart): BodyIdentity {
  return { total: known.total ?? part.total, etag: known.etag ?? part.etag };
}

/** What holds a body together is what its first bytes came with. */
function learnHeld(held: HeldBody, known: BodyIdentity, part: BodyPart, trip: Trip): BodyIdentity {
  if (isHeld(known)) return { ...known, total: known.total ?? part.total };
  const validator = validatorOf(trip);
  held.learnt(validator);
  return { total: part.total, etag: undefined, ...validator };
}

function isHeld({ etag, lastModified }: BodyIdentity): boolean {
  return etag !== undefined || lastModified !== undefined;
}

function hasChanged(error: unknown): boolean {
  return isGapferryError(error, 'PROTOCOL_VIOLATION') && error.data['changed'] === true;
}

/** What came is thrown away, so another try is as good as the first. */
function retryable(error: unknown): unknown {
  if (!isGapferryError(error) || !hasChanged(error)) return error;
  const { code, message, hint = '', origin = 'source', data } = error;
  return new GapferryError({ code, message, hint, origin, data, retryable: true });
}

/** The answer's bytes from `at` on; throws when more come than there may be. */
async function* positioned(trip: Trip, part: BodyPart, request: BodyRequest, at: number): Bytes {
  let skip = part.skip;
  let position = at;
  const limit = request.maxBytes ?? Number.POSITIVE_INFINITY;
  for await (const chunk of trip.bytes) {
    if (skip >= chunk.byteLength) {
      skip -= chunk.byteLength;
      continue;
    }
    const rest = skip === 0 ? chunk : chunk.subarray(skip);
    skip = 0;
    position += rest.byteLength;
    if (request.size !== undefined && position > request.size)
      throw wrongSize(trip, request, `more than ${request.size}`);
    if (position > limit) throw tooLarge(trip, request, limit);
    yield rest;
  }
}

/** Judges a clean end. Not the end of the body: a part that was shorter than asked for (go on). Too early: a chunked answer says itself that it is over, one without
 *  any length may have been cut. */
export function isWhole(
  trip: Trip,
  part: BodyPart,
  request: BodyRequest,
  identity: BodyIdentity,
  at: number,
): boolean {
  const total = request.size ?? identity.total;
  if (total === undefined ? part.end === undefined || at >= part.end : at === total) return true;
  if (part.end !== undefined && at === part.end) return false;
  if (trip.headers.has('transfer-encoding')) throw wrongSize(trip, { ...request, size: total ?? 0 }, at);
  throw new GapferryError({
    code: 'CONNECTION_CUT',
    message: `${trip.url.host} was asked for ${request.item}: the answer ended after ${at} bytes`,
    origin: 'source',
    retryable: true,
    data: { host: trip.url.host, item: request.item, size: total },
  });
}

/** Ends a trip whose body nobody reads. */
export async function leave(trip: Trip): Promise<void> {
  for await (const _ of trip.bytes) break;
}
