import {
  type BlobStore,
  type ByteSource,
  type Bytes,
  checkRun,
  GapferryError,
  isGapferryError,
  type LfsObject,
  type Pour,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import pLimit from 'p-limit';
import type { BatchedObject, LfsAction } from './batch-answer.ts';
import type { LfsEndpoint } from './lfs-endpoint.ts';
import { askBatch, BATCH, type LfsServerOptions } from './lfs-server.ts';
import { localObject } from './local-objects.ts';

/** Where the objects of a repository come from. */
export type LfsOrigin =
  | { readonly kind: 'local'; readonly url: string }
  /** Asked again when what was told over SSH has expired. */
  | { readonly kind: 'server'; readonly endpoint: () => Promise<LfsEndpoint> };

export interface Bringing extends LfsServerOptions {
  /** Id of the item. */
  readonly item: string;
  readonly origin: () => Promise<LfsOrigin>;
  /** Where a pointer to the object stands: for messages. */
  readonly locate: (object: LfsObject) => Promise<string>;
  readonly into: BlobStore;
}

/** Objects under way at a time. */
const AT_ONCE = 8;

/** Brings the objects that the store lacks, each verified by its sha256; a transfer that was cut goes on where it stopped, also in the next run. Throws `SOURCE_NOT_FOUND` for one that upstream has no
 *  more, naming file and commit; `DIGEST_MISMATCH` and `SIZE_MISMATCH` for other content. */
export async function bringObjects(
  bringing: Bringing,
  objects: readonly LfsObject[],
  run: Run,
): Promise<void> {
  const { into, item } = bringing;
  const missing: LfsObject[] = [];
  for (const object of objects) {
    if (await into.has(blobOf(object), run))
      run.emit({ kind: 'bytes', item, bytes: object.size, reused: true });
    else missing.push(object);
  }
  if (missing.length === 0) return;
  const inner = toldFor(item, run);
  const from = await bringing.origin();
  if (from.kind === 'local')
    return await inLanes(missing, (object) => copyLocal(bringing, from.url, object, inner));
  for (let at = 0; at < missing.length; at += BATCH) {
    checkRun(run);
    const some = missing.slice(at, at + BATCH);
    const batched = await askBatch(bringing, await from.endpoint(), question(bringing, some), inner);
    await inLanes(batched, (one) => bring(bringing, from, one, inner));
  }
}

function question({ item }: Bringing, objects: readonly LfsObject[]) {
  return { operation: 'download', objects, item } as const;
}

/** The first failure stops those that have not begun. */
async function inLanes<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const limit = pLimit(AT_ONCE);
  const failures: unknown[] = [];
  await Promise.all(
    all.map((one) =>
      limit(async () => {
        if (failures.length > 0) return;
        await work(one).catch((error: unknown) => failures.push(error));
      }),
    ),
  );
  if (failures.length > 0) throw failures[0];
}

/** An address may expire while the object waits or comes: then a new one is asked for, and the rest comes from there. */
async function bring(
  bringing: Bringing,
  from: Extract<LfsOrigin, { kind: 'server' }>,
  first: BatchedObject,
  run: Run,
): Promise<void> {
  const { http, into, now = Date.now } = bringing;
  const { object } = first;
  let batched = first;
  for (let asked = 1; ; asked += 1) {
    const action = await actionOf(bringing, batched);
    const isOver = (): boolean => action.expires !== undefined && action.expires <= now();
    try {
      if (!isOver() || asked > MOST_ADDRESSES)
        return void (await into.put(blobOf(object), download(http, action, object, bringing.item, run), run));
    } catch (error) {
      const isRefused = ['UNAUTHORIZED', 'FORBIDDEN', 'SOURCE_NOT_FOUND', 'PROTOCOL_VIOLATION'].some((code) =>
        isGapferryError(error, code as 'FORBIDDEN'),
      );
      if (!isRefused || !isOver() || asked > MOST_ADDRESSES) throw await located(bringing, object, error);
    }
    checkRun(run);
    const again = await askBatch(bringing, await from.endpoint(), question(bringing, [object]), run);
    batched = again[0] ?? batched;
  }
}

/** Addresses of one object that may expire before it is here. */
const MOST_ADDRESSES = 10;

async function actionOf(bringing: Bringing, batched: BatchedObject): Promise<LfsAction> {
  if (batched.kind === 'action') return batched.action;
  const { object } = batched;
  const place = await bringing.locate(object);
  if (batched.kind === 'error') throw refusedObject(bringing, object, place, batched);
  throw new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    origin: 'source',
    message: `the Git LFS server of ${bringing.item} says nothing of how ${object.oid} is to be had (${place})`,
    hint: 'have the Git LFS server looked at, or say "lfs: none" in bundle.yaml',
  });
}

const GONE_HINT =
  'have the file restored upstream, name refs that do not need it, or say "lfs: none" in bundle.yaml';

function refusedObject(
  { item }: Bringing,
  { oid, size }: LfsObject,
  place: string,
  { code, message }: Extract<BatchedObject, { kind: 'error' }>,
): GapferryError {
  const what = `the Git LFS object ${oid} (${size} bytes) of git ${item}, ${place}`;
  const said = message === '' ? '' : `: ${message}`;
  const data = { item, oid, place, status: code };
  if (code === 404 || code === 410)
    return new GapferryError({
      code: 'SOURCE_NOT_FOUND',
      origin: 'source',
      message: `${what}, is gone upstream (${code})${said}`,
      hint: GONE_HINT,
      data,
    });
  const meaning = MEANINGS[code] ?? (code >= 500 ? 'SERVER_ERROR' : 'PROTOCOL_VIOLATION');
  return new GapferryError({
    code: meaning,
    origin: 'source',
    message: `${what}, is refused (${code})${said}`,
    hint: 'look at it upstream, or say "lfs: none" in bundle.yaml',
    data,
  });
}

const MEANINGS: Readonly<Record<number, 'UNAUTHORIZED' | 'FORBIDDEN' | 'RATE_LIMITED'>> = {
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  429: 'RATE_LIMITED',
};

function download(http: HttpClient, action: LfsAction, object: LfsObject, id: string, run: Run): ByteSource {
  const { oid, size } = object;
  const item = `the Git LFS object ${oid} of git ${id}`;
  const request = { url: action.href, headers: action.header, headersStay: true, item, size };
  const told = (bytes: number): void => run.emit({ kind: 'bytes', item, bytes, reused: true });
  const read = (from: number): Bytes => {
    if (from > 0) told(from);
    return http.body(request, from, run);
  };
  const pour: Pour = async (part, inner) => {
    const poured = await http.pour(request, part, inner);
    if (poured !== undefined && part.from > 0) told(part.from);
    return poured;
  };
  return Object.assign(read, { pour });
}

async function copyLocal(bringing: Bringing, url: string, object: LfsObject, run: Run): Promise<void> {
  const { item, into } = bringing;
  const read = await localObject(url, object);
  if (read === undefined)
    throw new GapferryError({
      code: 'SOURCE_NOT_FOUND',
      origin: 'source',
      message: `the Git LFS object ${object.oid} (${object.size} bytes) of git ${item}, ${await bringing.locate(object)}, is not in ${url}`,
      hint: 'bring it there with "git lfs fetch --all", or say "lfs: none" in bundle.yaml',
      data: { item, oid: object.oid },
    });
  try {
    await into.put(blobOf(object), read, run);
    run.emit({ kind: 'bytes', item, bytes: object.size });
  } catch (error) {
    throw await located(bringing, object, error);
  }
}

/** The same error with the file that needs the object. */
async function located(bringing: Bringing, object: LfsObject, error: unknown): Promise<unknown> {
  if (!isGapferryError(error) || error.category === 'interrupted' || error.category === 'storage')
    return error;
  const place = await bringing.locate(object);
  return new GapferryError({
    code: error.code,
    message: `${place} of git ${bringing.item}, which Git LFS keeps as ${object.oid}: ${error.message}`,
    ...(error.code === 'SOURCE_NOT_FOUND'
      ? { hint: GONE_HINT }
      : error.hint !== undefined && { hint: error.hint }),
    origin: error.origin ?? 'source',
    retryable: error.retryable,
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    data: { ...error.data, item: bringing.item, oid: object.oid, place },
    cause: error,
  });
}

function blobOf({ oid, size }: LfsObject): SizedDigest {
  return { digest: oid, size };
}

/** Whatever is told of an object is told of the repository. */
function toldFor(item: string, run: Run): Run {
  return {
    signal: run.signal,
    emit: (event) => run.emit('item' in event && event.item !== undefined ? { ...event, item } : event),
  };
}
