import {
  type BlobReader,
  checkRun,
  GapferryError,
  hexOf,
  inLanes,
  isGapferryError,
  type LfsObject,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import { createTries, createWaiting, type HttpClient } from '@gapferry/http';
import { protocolOf } from '../git-url.ts';
import type { RetryOptions } from '../retry-trips.ts';
import type { BatchedObject, LfsAction } from './batch-answer.ts';
import { type LfsEndpoint, usualEndpoint } from './lfs-endpoint.ts';
import { askBatch, BATCH } from './lfs-server.ts';
import { holdsLocally, keepLocally } from './local-objects.ts';
import { type SshLfsOptions, sshAuthenticate } from './ssh-authenticate.ts';

export interface LfsRemoteOptions extends SshLfsOptions, RetryOptions {
  /** Speaks to the host alone, and knows the credentials for it. */
  readonly http: HttpClient;
}

/** Git LFS at a host that is loaded into. URLs are those of repositories, as git has them. */
export interface LfsRemote {
  /** Which of these objects the host lacks for the repository. Looks only. Throws `TARGET_CONFLICT` where it has no Git LFS. */
  missing(
    url: string,
    objects: readonly SizedDigest[],
    item: string,
    run: Run,
  ): Promise<readonly SizedDigest[]>;
  /** Sends what the host lacks of these objects; it proves each by its sha256, and says so. Returns the bytes that were sent. */
  send(
    url: string,
    objects: readonly SizedDigest[],
    from: BlobReader,
    item: string,
    run: Run,
  ): Promise<number>;
}

/** Objects under way at a time. */
const AT_ONCE = 4;
/** A question takes a while: what expires sooner is asked for again. */
const EARLY_MS = 10_000;

interface Wired extends LfsRemoteOptions {
  /** What hosts said over SSH, by operation and URL. */
  readonly endpoints: Map<string, LfsEndpoint>;
}

/** The batch API and the `basic` transfer (git-lfs docs/api/batch.md, basic-transfers.md); for `file:` URLs the store of the bare repository. */
export function lfsRemote(given: LfsRemoteOptions): LfsRemote {
  const options: Wired = { ...given, endpoints: new Map() };
  return {
    async missing(url, objects, item, run) {
      if (protocolOf(url) === 'file') return await lackedLocally(url, objects);
      const batched = await ask(options, url, 'download', objects, item, run);
      return batched.filter((one) => isMissing(one, item)).map(({ object }) => blobOf(object));
    },
    async send(url, objects, from, item, run) {
      if (protocolOf(url) === 'file') return await sendLocally(url, objects, from, run);
      let sent = 0;
      for (let at = 0; at < objects.length; at += BATCH) {
        const some = objects.slice(at, at + BATCH);
        const batched = await ask(options, url, 'upload', some, item, run);
        const sizes = await inLanes(
          batched,
          AT_ONCE,
          (one, inner) => sendOne({ options, url, from, item, run: inner }, one),
          run,
        );
        sent += sizes.reduce((sum, size) => sum + size, 0);
      }
      return sent;
    },
  };
}

async function ask(
  options: Wired,
  url: string,
  operation: 'download' | 'upload',
  objects: readonly SizedDigest[],
  item: string,
  run: Run,
): Promise<readonly BatchedObject[]> {
  const endpoint = await endpointOf(options, url, operation, run);
  const batched: BatchedObject[] = [];
  for (let at = 0; at < objects.length; at += BATCH) {
    checkRun(run);
    const some = objects.slice(at, at + BATCH).map(({ digest, size }) => ({ oid: digest, size }));
    try {
      batched.push(...(await askBatch(options, endpoint, { operation, objects: some, item }, run)));
    } catch (error) {
      throw isGapferryError(error, 'SOURCE_NOT_FOUND') ? notOffered(url, item, error) : error;
    }
  }
  return batched;
}

async function endpointOf(
  options: Wired,
  url: string,
  operation: 'download' | 'upload',
  run: Run,
): Promise<LfsEndpoint> {
  if (protocolOf(url) !== 'ssh') return { url: usualEndpoint(url), header: {} };
  const key = `${operation} ${url}`;
  const known = options.endpoints.get(key);
  if (known !== undefined && (known.expires ?? Number.POSITIVE_INFINITY) - EARLY_MS > Date.now())
    return known;
  const endpoint = await sshAuthenticate(url, operation, options, run);
  options.endpoints.set(key, endpoint);
  return endpoint;
}

/** "Not there" is an answer; everything else is none. What a host has, it says how to get: what it says nothing of, nobody can check out. */
function isMissing(one: BatchedObject, item: string): boolean {
  if (one.kind !== 'error') return one.kind === 'done';
  if (one.code === 404 || one.code === 410) return true;
  throw refused(one, item);
}

interface Sending {
  readonly options: Wired;
  readonly url: string;
  readonly from: BlobReader;
  readonly item: string;
  readonly run: Run;
}

/** After a failed trip the host is asked again what it has: perhaps it got everything. */
async function sendOne(sending: Sending, first: BatchedObject): Promise<number> {
  const { options, url, item, run } = sending;
  const waits = { waiting: createWaiting(options.wait), random: Math.random };
  const tries = createTries(item, new URL(url).host, waits);
  let batched = first;
  for (;;) {
    if (batched.kind === 'error') throw refused(batched, item);
    if (batched.kind === 'done') return 0;
    try {
      await put(sending, batched.object, batched.action);
      if (batched.verify !== undefined) await verify(sending, batched.object, batched.verify);
      return batched.object.size;
    } catch (error) {
      await tries.failed(error, run);
    }
    const [again] = await ask(options, url, 'upload', [blobOf(batched.object)], item, run);
    batched = again ?? batched;
  }
}

async function put(
  { options, from, item, run }: Sending,
  object: LfsObject,
  action: LfsAction,
): Promise<void> {
  const blob = blobOf(object);
  await options.http.send(
    {
      url: action.href,
      method: 'PUT',
      headers: { 'Content-Type': 'application/octet-stream', ...withoutFraming(action.header) },
      headersStay: true,
      item,
      body: { size: object.size, open: () => from.open(blob, run) },
    },
    run,
  );
}

/** docs/api/basic-transfers.md, Verification. */
async function verify(
  { options, item, run }: Sending,
  { oid, size }: LfsObject,
  action: LfsAction,
): Promise<void> {
  const type = 'application/vnd.git-lfs+json';
  const quiet: Run = {
    signal: run.signal,
    emit(event) {
      if (event.kind !== 'bytes') run.emit(event);
    },
  };
  const request = {
    url: action.href,
    method: 'POST',
    headers: { ...withoutFraming(action.header), Accept: type, 'Content-Type': type },
    headersStay: true,
    item: `Git LFS object ${oid} of ${item}`,
    body: Buffer.from(JSON.stringify({ oid: hexOf(oid), size })),
  } as const;
  try {
    await options.http.send(request, quiet);
  } catch (error) {
    throw isGapferryError(error, 'SOURCE_NOT_FOUND') ? notKept(oid, item, error) : error;
  }
}

function notKept(oid: string, item: string, cause: GapferryError): GapferryError {
  return new GapferryError({
    code: 'BLOB_MISSING',
    origin: 'target',
    message: `the host took the Git LFS object ${oid} of ${item} and says that it has not got it`,
    hint: 'no branch or tag was set; look at the storage of Git LFS at the host, and run the import again',
    data: { item, oid },
    cause,
  });
}

/** How a body is framed is between two machines; some servers ask for chunks. */
function withoutFraming(header: LfsAction['header']): Record<string, string> {
  const own = new Set(['transfer-encoding', 'content-length', 'host', 'connection']);
  return Object.fromEntries(Object.entries(header).filter(([name]) => !own.has(name.toLowerCase())));
}

async function lackedLocally(url: string, objects: readonly SizedDigest[]): Promise<SizedDigest[]> {
  const there = await Promise.all(objects.map((blob) => holdsLocally(url, blob)));
  return objects.filter((_, i) => there[i] !== true);
}

async function sendLocally(
  url: string,
  objects: readonly SizedDigest[],
  from: BlobReader,
  run: Run,
): Promise<number> {
  let sent = 0;
  for (const blob of await lackedLocally(url, objects)) {
    checkRun(run);
    await keepLocally(url, blob, from.open(blob, run));
    sent += blob.size;
  }
  return sent;
}

function refused(
  { object, code, message }: Extract<BatchedObject, { kind: 'error' }>,
  item: string,
): GapferryError {
  const isOurs = code === 401 || code === 403;
  return new GapferryError({
    code: isOurs ? 'FORBIDDEN' : code >= 500 ? 'SERVER_ERROR' : 'TARGET_CONFLICT',
    origin: 'target',
    message: `the host refuses the Git LFS object ${object.oid} (${object.size} bytes) of ${item} (${code})${message === '' ? '' : `: ${message}`}`,
    hint: isOurs
      ? 'use credentials that may write the repository'
      : 'look at the limits for Git LFS at the host: sizes, quotas, and whether it is on',
    data: { item, oid: object.oid, status: code },
  });
}

function notOffered(url: string, item: string, cause: GapferryError): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    origin: 'target',
    message: `${item} has files that Git LFS keeps, and the host offers no Git LFS for ${url}`,
    hint: 'switch Git LFS on at the host (Gitea: LFS_START_SERVER), send the repository to an embedded depot, or say "lfs: none" in bundle.yaml',
    data: { item, url },
    cause,
  });
}

function blobOf({ oid, size }: LfsObject): SizedDigest {
  return { digest: oid, size };
}
