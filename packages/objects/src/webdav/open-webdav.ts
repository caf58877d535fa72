import { randomUUID } from 'node:crypto';
import { type Bytes, type Digest, GapferryError, type Run, sha256 } from '@gapferry/core';
import { createWaiting, type HttpAnswer, type HttpClient } from '@gapferry/http';
import { change, changedMeanwhile, inTheWay, placeOf, urlOf, type WebdavParts } from './ask-webdav.ts';
import { type Collections, makeCollections } from './collections.ts';
import { tryWrite } from './try-write.ts';
import type { WebdavFact, WebdavPath, WebdavServer } from './webdav-server.ts';

export interface OpenWebdavOptions {
  /** `https://host[:port][/path]` without a slash at the end; the directory exists. */
  readonly url: string;
  /** Directory below it for files on their way. */
  readonly incoming: string;
  /** How to wait between tries; for tests. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

interface Parts extends WebdavParts {
  readonly incoming: string;
  readonly collections: Collections;
  readonly canMove: (run: Run) => Promise<boolean>;
}

/** A WebDAV server: nginx, Apache, wsgidav, rclone, or what is written with Go's webdav package. Asks nobody before it is used. */
export function openWebdav(http: HttpClient, options: OpenWebdavOptions): WebdavServer {
  const { url, incoming, wait } = options;
  const base: WebdavParts = { http, url, tries: { waiting: createWaiting(wait), random: Math.random } };
  let probed: Promise<boolean> | undefined;
  const canMove = (run: Run): Promise<boolean> => {
    probed ??= probe(base, incoming, run).catch((error: unknown) => {
      probed = undefined;
      throw error;
    });
    return probed;
  };
  const parts: Parts = { ...base, incoming, collections: makeCollections(base), canMove };
  return {
    place: placeOf(base),
    addressOf: (path) => urlOf(base, { path }),
    probe: async (run) => ({ canMove: await canMove(run) }),
    tryWrite: async (run) => tryWrite(base, incoming, await canMove(run), run),
    look: (at, run) => look(parts, at, run),
    open: (at, fact, run) => open(parts, at, fact, run),
    put: (at, body, over, run) => put(parts, at, body, over, run),
    move: (from, to, { digest, ...how }, run) =>
      move(parts, from, to, { ...how, digest: async () => digest }, run),
    remove: (at, run) => remove(parts, at, run),
    clear: (at, run) => clear(parts, at, run),
  };
}

/** A server that does not tell is asked to move what is not there: it says that there is none, or that it moves nothing. */
async function probe(parts: WebdavParts, incoming: string, run: Run): Promise<boolean> {
  const item = placeOf(parts);
  const told = await change(
    parts,
    { path: '', item },
    { method: 'OPTIONS', accept: [200, 204, 404, 405, 501] },
    run,
  );
  if (told.status === 404) throw noDirectory(parts);
  const allow = (told.headers.get('allow') ?? '').toUpperCase();
  if (told.status < 300 && told.headers.has('dav') && allow !== '') return /\bMOVE\b/.test(allow);
  const nothing = { path: `${incoming}/nothing`, item };
  const headers = { Destination: urlOf(parts, { path: `${incoming}/nowhere` }), Overwrite: 'F' };
  const { status } = await change(
    parts,
    nothing,
    { method: 'MOVE', headers, accept: [400, 404, 405, 409, 501] },
    run,
  );
  return status === 404 || status === 409;
}

async function look(parts: Parts, at: WebdavPath, run: Run): Promise<WebdavFact | undefined> {
  const request = { url: urlOf(parts, at), item: at.item, method: 'HEAD' as const, accept: [200, 404, 405] };
  const answer = await parts.http.request(request, run);
  if (answer.status === 404) return undefined;
  const size = sizeOf(answer);
  if (answer.status === 405 || size === undefined || answer.url.endsWith('/')) throw inTheWay(parts, at);
  return { size, tag: answer.headers.get('etag') ?? answer.headers.get('last-modified') ?? '' };
}

function sizeOf({ headers }: HttpAnswer): number | undefined {
  const text = headers.get('content-length') ?? '';
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function open(parts: Parts, at: WebdavPath, { size }: WebdavFact, run: Run): Bytes {
  return parts.http.body({ url: urlOf(parts, at), item: at.item, size }, 0, run);
}

const WRITTEN = [200, 201, 204];

async function put(
  parts: Parts,
  at: WebdavPath,
  body: Parameters<WebdavServer['put']>[1],
  over: string | undefined,
  run: Run,
): Promise<WebdavFact> {
  const { size } = body;
  // What is on its way is looked at when it is read back.
  if (at.path.startsWith(`${parts.incoming}/`)) {
    await send(parts, at, body, run);
    return { size, tag: '' };
  }
  if (!(await parts.canMove(run))) {
    await requireSame(parts, at, over, run);
    await send(parts, at, body, run);
    return await requireSize(parts, at, size, run);
  }
  const temporary = { path: `${parts.incoming}/${randomUUID()}.part`, item: at.item };
  try {
    await send(parts, temporary, body, run);
    const digest = (): Promise<Digest> => hashOf(body.open());
    return await move(parts, temporary, at, { size, over, digest }, run);
  } catch (error) {
    // An interruption must not wait for it; what is left is hidden.
    if (!run.signal.aborted) await remove(parts, temporary, run).catch(() => {});
    throw error;
  }
}

async function send(
  parts: Parts,
  at: WebdavPath,
  body: Parameters<WebdavServer['put']>[1],
  run: Run,
): Promise<void> {
  await parts.collections.above(at, run);
  const { status } = await change(parts, at, { method: 'PUT', body, accept: [...WRITTEN, 409] }, run);
  if (status !== 409) return;
  // Another import that came to its end takes away what is on its way, and the directories with it.
  parts.collections.forget({ ...at, path: at.path.replace(/\/.*$/s, '') });
  await parts.collections.above(at, run);
  await change(parts, at, { method: 'PUT', body, accept: WRITTEN }, run);
}

/** Who replaces what somebody changed since would lose it: between this look and the change is only the trip. */
async function requireSame(parts: Parts, at: WebdavPath, over: string | undefined, run: Run): Promise<void> {
  if ((await look(parts, at, run))?.tag !== over) throw changedMeanwhile(parts, at);
}

async function requireSize(parts: Parts, at: WebdavPath, size: number, run: Run): Promise<WebdavFact> {
  const fact = await look(parts, at, run);
  if (fact?.size === size) return fact;
  throw otherSize(parts, at, size, fact);
}

function otherSize(
  parts: Parts,
  { path, item }: WebdavPath,
  size: number,
  fact: WebdavFact | undefined,
): GapferryError {
  return new GapferryError({
    code: 'SIZE_MISMATCH',
    message: `${item}: ${placeOf(parts)} took ${size} bytes for ${path} and has ${fact?.size ?? 'none'} of them`,
    hint: 'look at the log of the server',
    origin: 'target',
    data: { item, path },
  });
}

interface Moved extends Pick<Parameters<WebdavServer['move']>[2], 'size' | 'over'> {
  readonly digest: () => Promise<Digest>;
}

/** Where nothing may be, the server sees to it itself. */
async function move(
  parts: Parts,
  from: WebdavPath,
  to: WebdavPath,
  { size, over, digest }: Moved,
  run: Run,
): Promise<WebdavFact> {
  await parts.collections.above(to, run);
  if (over !== undefined) await requireSame(parts, to, over, run);
  const headers = { Destination: urlOf(parts, to), Overwrite: over === undefined ? 'F' : 'T' };
  // When the answer to a move that was done is lost, it is asked for again: then there is nothing to move, or something there already. Its bytes tell whose it is.
  const { status } = await change(
    parts,
    from,
    { method: 'MOVE', headers, workingBytes: size, accept: [...WRITTEN, 404, 412] },
    run,
  );
  const isLeft = status === 412 && (await look(parts, from, run)) !== undefined;
  const fact = await look(parts, to, run);
  if (isLeft || fact === undefined || (status >= 300 && fact.size !== size))
    throw changedMeanwhile(parts, to);
  if (fact.size !== size) throw otherSize(parts, to, size, fact);
  if (status >= 300 && (await hashOf(open(parts, to, fact, run))) !== (await digest()))
    throw changedMeanwhile(parts, to);
  return fact;
}

async function hashOf(bytes: Bytes): Promise<Digest> {
  const hasher = sha256();
  for await (const chunk of bytes) hasher.update(chunk);
  return hasher.digest();
}

async function remove(parts: Parts, at: WebdavPath, run: Run): Promise<void> {
  await change(parts, at, { method: 'DELETE', accept: [200, 202, 204, 404] }, run);
}

async function clear(parts: Parts, at: WebdavPath, run: Run): Promise<void> {
  parts.collections.forget(at);
  const headers = { Depth: 'infinity' };
  await change(
    parts,
    at,
    { method: 'DELETE', headers, isCollection: true, accept: [200, 202, 204, 207, 404, 405, 409, 501] },
    run,
  );
}

function noDirectory(parts: WebdavParts): GapferryError {
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: `there is no ${placeOf(parts)}`,
    hint: '`url` of the target must name a directory that exists',
    origin: 'site',
  });
}
