import { GapferryError, type Run } from '@gapferry/core';
import type { Exchange } from './exchange.ts';
import type { HttpAnswer, HttpRequest } from './http-client.ts';
import type { Tries } from './tries.ts';
import type { Trip } from './trip.ts';

const DEFAULT_LIMIT = 32 << 20;

/** Asks until there is a whole answer or no hope. */
export async function askWhole(
  exchange: Exchange,
  request: HttpRequest,
  tries: Tries,
  run: Run,
): Promise<HttpAnswer> {
  for (;;) {
    try {
      return await readAnswer(await exchange({ ...request, isReading: true }, {}, run), request);
    } catch (error) {
      await tries.failed(error, run);
    }
  }
}

/** Reads an answer to its end. Throws `LIMIT_EXCEEDED`. */
export async function readAnswer(trip: Trip, request: Limited): Promise<HttpAnswer> {
  const { status, headers, url } = trip;
  return { status, headers, url: url.href, body: await readWhole(trip, request) };
}

type Limited = Pick<HttpRequest, 'item' | 'maxBytes'>;

/** Memory grows with what arrives, never with what is announced. */
async function readWhole(trip: Trip, request: Limited): Promise<Uint8Array> {
  const limit = request.maxBytes ?? DEFAULT_LIMIT;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of trip.bytes) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge(trip, request, limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function tooLarge(trip: Trip, request: Limited, limit: number): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    message: `${trip.url.host} sends more than ${limit} bytes as ${request.item}`,
    origin: 'source',
    data: { host: trip.url.host, item: request.item, limit },
  });
}
