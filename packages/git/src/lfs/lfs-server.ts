import { GapferryError, hexOf, isGapferryError, type LfsObject, type Run } from '@gapferry/core';
import { createTries, createWaiting, type HttpClient } from '@gapferry/http';
import type { RetryOptions } from '../retry-trips.ts';
import { type BatchedObject, type LfsAction, readBatchAnswer } from './batch-answer.ts';
import type { LfsEndpoint } from './lfs-endpoint.ts';
import { protectedAction } from './protected-action.ts';

/** Objects asked about at once, as git-lfs does (docs/api/batch.md). */
export const BATCH = 100;
const MEDIA_TYPE = 'application/vnd.git-lfs+json';

export interface LfsServerOptions extends RetryOptions {
  readonly http: HttpClient;
  /** Milliseconds since 1970; `Date.now` otherwise. */
  readonly now?: () => number;
}

/** Asks the batch API about at most `BATCH` objects, in their order. Asking changes nothing, so a failed trip is made again. Throws `PROTOCOL_VIOLATION`, and what the HTTP client throws. */
export async function askBatch(
  options: LfsServerOptions,
  endpoint: LfsEndpoint,
  question: {
    readonly operation: 'download' | 'upload';
    readonly objects: readonly LfsObject[];
    readonly item: string;
  },
  run: Run,
): Promise<readonly BatchedObject[]> {
  const { operation, objects, item } = question;
  const { host } = new URL(endpoint.url);
  const { http, now = Date.now, wait } = options;
  const tries = createTries(item, host, { waiting: createWaiting(wait), random: Math.random });
  const body = Buffer.from(
    JSON.stringify({
      operation,
      transfers: ['basic'],
      hash_algo: 'sha256',
      objects: objects.map(({ oid, size }) => ({ oid: hexOf(oid), size })),
    }),
  );
  const request = {
    url: `${endpoint.url}/objects/batch`,
    method: 'POST',
    headers: { ...endpoint.header, Accept: MEDIA_TYPE, 'Content-Type': MEDIA_TYPE },
    item: `the Git LFS objects of ${item}`,
    accept: [200],
    maxBytes: 16_777_216,
    body,
  } as const;
  for (;;) {
    try {
      const answer = await http.send(request, quietOfBytes(run));
      const batched = readBatchAnswer(answer.body, { operation, objects, host, item, now: now() });
      return batched.map((one) => withHeaderOf(endpoint, protectedOne(endpoint, one, item)));
    } catch (error) {
      await tries.failed(notServed(error, host, item), run);
    }
  }
}

function protectedOne(endpoint: LfsEndpoint, one: BatchedObject, item: string): BatchedObject {
  if (one.kind !== 'action') return one;
  const { action, verify } = one;
  return {
    ...one,
    action: protectedAction(endpoint, action, item),
    ...(verify !== undefined && { verify: protectedAction(endpoint, verify, item) }),
  };
}

/** Who was let in over SSH has no other credentials for the server: an address at the same place that brings none gets the same header (docs/api/batch.md, `authenticated`). */
function withHeaderOf({ url, header }: LfsEndpoint, one: BatchedObject): BatchedObject {
  if (one.kind !== 'action' || Object.keys(header).length === 0) return one;
  const { origin } = new URL(url);
  const given = (action: LfsAction): LfsAction =>
    new URL(action.href).origin === origin ? { ...action, header: both(header, action.header) } : action;
  return {
    ...one,
    action: given(one.action),
    ...(one.verify !== undefined && { verify: given(one.verify) }),
  };
}

/** What the address brings along itself counts; names have no case. */
function both(given: LfsAction['header'], own: LfsAction['header']): LfsAction['header'] {
  const names = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  const more = Object.entries(given).filter(([name]) => !names.has(name.toLowerCase()));
  return { ...Object.fromEntries(more), ...own };
}

/** The bytes of a question are no progress of the item. */
function quietOfBytes(run: Run): Run {
  return {
    signal: run.signal,
    emit(event) {
      if (event.kind !== 'bytes') run.emit(event);
    },
  };
}

/** The API itself is not there: nothing is known of any object. */
function notServed(error: unknown, host: string, item: string): unknown {
  if (!isGapferryError(error, 'SOURCE_NOT_FOUND')) return error;
  return new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    origin: 'source',
    message: `${host} has no Git LFS server for ${item}, and the repository has Git LFS pointers: ${error.message}`,
    hint: 'check that Git LFS is enabled there and that the credentials may read the repository, or say "lfs: none" in bundle.yaml',
    data: error.data,
    cause: error,
  });
}
