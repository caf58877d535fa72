import { setTimeout } from 'node:timers/promises';
import {
  type ByteSource,
  type Bytes,
  GapferryError,
  isInterruption,
  type Pour,
  type Run,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { isRefusal } from './file-size.ts';
import type { FileAddress } from './places/file-places.ts';

/** When one connection is too slow for a large file, and what is done then. */
export interface WideOptions {
  /** Bytes that must be left for it to be worth several connections. */
  readonly worth: number;
  /** Milliseconds after its first bytes at which one connection is judged. */
  readonly sampleMs: number;
  /** Bytes a second that are fast enough: a server that gives them to one connection is not limiting it. */
  readonly fastEnough: number;
  /** Parts of a file under way at once, each on a connection of its own, and bytes of each. */
  readonly lanes: number;
  readonly part: number;
  /** Parts of all files of a client besides the next one of each: together what they need of memory. */
  readonly spare: number;
  /** How to wait; for tests. Rejects when the signal aborts. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}

export const WIDE: WideOptions = {
  worth: 256 << 20,
  sampleMs: 5000,
  fastEnough: 40 << 20,
  lanes: 4,
  part: 8 << 20,
  spare: 8,
  wait: (ms, signal) => setTimeout(ms, undefined, { signal }),
};

export interface WideRequest extends FileAddress {
  readonly item: string;
  readonly size: number;
}

/** A file from its URL, over one connection; over several ranges at once where one turns out to be slow, much is left, and the server has ranges and a strong ETag that holds them together (RFC 9110, sections 13.1.5 and 14).
 *  `told`: of bytes that were there already. */
export function wideSource(
  http: HttpClient,
  request: WideRequest,
  told: (bytes: number) => void,
  run: Run,
  options: Partial<WideOptions> = {},
): ByteSource {
  const wide = { ...WIDE, ...options };
  let isSlow = false;
  const read = async function* (from: number): Bytes {
    if (from > 0 && !isSlow) told(from);
    const ranged = isSlow ? await rangedFile(http, request, run) : undefined;
    if (ranged === undefined) yield* http.body(request, from, run);
    else yield* inParts(http, { ...request, etag: ranged.etag }, from, wide, run);
  };
  const pour: Pour = async (into, inner) => {
    const watch = watchSpeed(request.size - into.from, wide, inner);
    try {
      const poured = await http.pour(request, into, watch.run);
      if (poured !== undefined && into.from > 0) told(into.from);
      return poured;
    } catch (error) {
      isSlow = watch.isSlow() && isInterruption(error) && !inner.signal.aborted;
      if (isSlow) return undefined;
      throw error;
    } finally {
      watch.end();
    }
  };
  return Object.assign(read, { pour });
}

/** Judges once, some time after the first bytes, and ends the run when it is too slow. */
function watchSpeed(
  size: number,
  { sampleMs, fastEnough, worth, wait }: WideOptions,
  run: Run,
): { readonly run: Run; isSlow(): boolean; end(): void } {
  const [slow, over] = [new AbortController(), new AbortController()];
  let [came, began] = [0, 0];
  const judge = (): void => {
    const perSecond = (came / Math.max(performance.now() - began, 1)) * 1000;
    if (perSecond < fastEnough && size - came >= worth && !over.signal.aborted) slow.abort();
  };
  const begin = (): void => {
    began = performance.now();
    wait(sampleMs, over.signal).then(judge, () => {});
  };
  return {
    run: {
      signal: AbortSignal.any([run.signal, slow.signal]),
      emit(event) {
        if (event.kind === 'bytes') {
          if (came === 0) begin();
          came += event.bytes;
        }
        run.emit(event);
      },
    },
    isSlow: () => slow.signal.aborted,
    end: () => over.abort(),
  };
}

/** Strong ETag and size (0 where that is not said) of a file whose server has ranges; undefined where it has none, or does not say. */
export async function rangedFile(
  http: HttpClient,
  { url, headers: sent = {}, item }: FileAddress & { readonly item: string },
  run: Run,
): Promise<{ readonly etag: string; readonly size: number } | undefined> {
  const asking = http.request({ url, headers: sent, item, method: 'HEAD' }, run);
  const answer = await asking.catch((error: unknown) => {
    if (!isRefusal(error)) throw error;
  });
  if (answer === undefined) return undefined;
  const { headers } = answer;
  const etag = headers.get('etag');
  if (headers.get('accept-ranges') !== 'bytes' || !etag?.startsWith('"')) return undefined;
  const length = headers.get('content-length') ?? '';
  return { etag, size: /^\d{1,15}$/.test(length) ? Number(length) : 0 };
}

type Held = WideRequest & { readonly etag: string };

/** Parts asked for besides the one that each file is at, by client. */
const ahead = new WeakMap<HttpClient, number>();

/** Parts in their order; the next ones are on their way meanwhile. */
export async function* inParts(
  http: HttpClient,
  file: Held,
  from: number,
  { lanes, part, spare }: WideOptions,
  run: Run,
): Bytes {
  const stop = new AbortController();
  const inner: Run = { signal: AbortSignal.any([run.signal, stop.signal]), emit: (event) => run.emit(event) };
  const coming: Promise<Uint8Array>[] = [];
  let asked = from;
  let own = 0;
  const count = (more: number): void => {
    own += more;
    ahead.set(http, (ahead.get(http) ?? 0) + more);
  };
  try {
    for (let at = from; at < file.size; ) {
      while (coming.length < lanes && asked < file.size) {
        if (coming.length > 0 && (ahead.get(http) ?? 0) >= spare) break;
        if (coming.length > 0) count(1);
        const next = askPart(http, file, asked, Math.min(asked + part, file.size), inner);
        next.catch(() => {});
        coming.push(next);
        asked = Math.min(asked + part, file.size);
      }
      const bytes = (await coming.shift()) ?? new Uint8Array(0);
      at += bytes.byteLength;
      run.emit({ kind: 'bytes', item: file.item, bytes: bytes.byteLength });
      yield bytes;
      if (coming.length > 0) count(-1);
    }
  } finally {
    stop.abort();
    count(-own);
    await Promise.allSettled(coming);
  }
}

async function askPart(
  http: HttpClient,
  { url, headers: sent, item, size, etag }: Held,
  from: number,
  to: number,
  run: Run,
): Promise<Uint8Array> {
  const headers = { ...sent, Range: `bytes=${from}-${to - 1}`, 'If-Range': etag };
  const answer = await http
    .request({ url, item, headers, accept: [200, 206], maxBytes: to - from }, run)
    .catch((error: unknown) => {
      // A whole body in the place of a part is more than was asked for.
      throw error instanceof GapferryError && error.code === 'LIMIT_EXCEEDED' ? changed(item, url) : error;
    });
  const isPart =
    answer.status === 206 && answer.headers.get('content-range') === `bytes ${from}-${to - 1}/${size}`;
  const isSame = (answer.headers.get('etag') ?? etag) === etag;
  if (!isPart || !isSame || answer.body.byteLength !== to - from) throw changed(item, url);
  return answer.body;
}

function changed(item: string, url: string): GapferryError {
  const { host } = new URL(url);
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    message: `${item} of ${host} changed while it was being read, or ${host} handles ranges wrongly`,
    hint: 'run the same command again',
    origin: 'source',
    data: { host, item },
  });
}
