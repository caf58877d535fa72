import type { Agent } from 'node:http';
import type { Bytes, Run } from '@gapferry/core';
import type { Response } from 'node-fetch';
import type { StreamedBody } from './http-client.ts';
import { type Patience, type SilenceWatch, watchSilence } from './silence.ts';

/** One question on the wire and its answer: no redirect followed, no status judged, no retry. */
export interface Trip {
  readonly url: URL;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The body, once. It must be read to its end or left with `return`, or the connection stays taken. */
  readonly bytes: Bytes;
  /** Writes the body, without its first `skip` bytes, to the file that the question was asked for. Instead of reading `bytes`. */
  readonly pour?: (skip: number, told: (bytes: number) => void) => Promise<void>;
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS' | 'MKCOL' | 'MOVE';

export interface TripInit {
  readonly method: Method;
  readonly headers: Readonly<Record<string, string>>;
  readonly item: string;
  readonly agent: Agent;
  readonly patience: Patience;
  /** Gives the host's place back; called exactly once, whatever happens. */
  readonly release: () => void;
}

export interface TripBody extends StreamedBody {
  /** Told how many bytes of it are on their way. */
  readonly told: (at: number) => void;
}

export function toTripBody(body: Uint8Array | StreamedBody, told: TripBody['told'] = () => {}): TripBody {
  if (!(body instanceof Uint8Array)) return { ...body, told };
  const whole = async function* (): Bytes {
    yield body;
  };
  return { size: body.byteLength, open: whole, told };
}

/** A trip without a body of ours: `startSentTrip` has one. */
export async function startTrip(url: URL, init: TripInit, run: Run): Promise<Trip> {
  const watch = watchSilence({ item: init.item, url, method: init.method }, init.patience, run);
  const end = (): void => {
    watch.stop();
    init.release();
  };
  try {
    // Loaded by whoever asks something: it is the slowest part of a command that does not.
    const { default: fetch } = await import('node-fetch');
    const response = await fetch(url, {
      method: init.method,
      headers: init.headers,
      agent: init.agent,
      redirect: 'manual',
      compress: false,
      signal: watch.signal,
    });
    watch.busy();
    return {
      url,
      status: response.status,
      headers: new Map(response.headers),
      bytes: readBody(response, watch, end),
    };
  } catch (error) {
    end();
    throw watch.failure(error);
  }
}

async function* readBody(response: Response, watch: SilenceWatch, end: () => void): Bytes {
  try {
    watch.waiting();
    for await (const chunk of response.body ?? []) {
      watch.busy();
      yield chunk as Buffer;
      watch.waiting(chunk.length);
    }
  } catch (error) {
    throw watch.failure(error);
  } finally {
    end();
  }
}

/** Reads at most `limit` bytes and ends the trip. A body that ends before leaves the connection usable. */
export async function readUpTo(trip: Trip, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of trip.bytes) {
    chunks.push(chunk);
    size += chunk.byteLength;
    if (size > limit) break;
  }
  return Buffer.concat(chunks).subarray(0, limit);
}
