import type { Agent } from 'node:http';
import type { Bytes, Run } from '@gapferry/core';
import fetch, { type Response } from 'node-fetch';
import { type SilenceWatch, watchSilence } from './silence.ts';

/** One question on the wire and its answer: no redirect followed, no status judged, no retry. */
export interface Trip {
  readonly url: URL;
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** The body, once. It must be read to its end or left with `return`, or the connection stays taken. */
  readonly bytes: Bytes;
}

export interface TripInit {
  readonly method: 'GET' | 'HEAD';
  readonly headers: Readonly<Record<string, string>>;
  readonly item: string;
  readonly agent: Agent;
  readonly idleMs: number;
  /** Gives the host's place back; called exactly once, whatever happens. */
  readonly release: () => void;
}

export async function startTrip(url: URL, init: TripInit, run: Run): Promise<Trip> {
  const watch = watchSilence({ item: init.item, url }, init.idleMs, run);
  try {
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
      bytes: readBody(response, watch, init.release),
    };
  } catch (error) {
    watch.stop();
    init.release();
    throw watch.failure(error);
  }
}

async function* readBody(response: Response, watch: SilenceWatch, release: () => void): Bytes {
  try {
    watch.waiting();
    for await (const chunk of response.body ?? []) {
      watch.busy();
      yield chunk as Buffer;
      watch.waiting();
    }
  } catch (error) {
    throw watch.failure(error);
  } finally {
    watch.stop();
    release();
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
