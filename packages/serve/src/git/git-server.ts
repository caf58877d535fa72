import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bytes, isGapferryError, type Run } from '@gapferry/core';
import pLimit, { type LimitFunction } from 'p-limit';
import { findPlace } from '../files/safe-place.ts';
import { type Answer, notFound, textAnswer } from '../http/answer.ts';
import type { ServedRequest } from '../http/served-request.ts';
import type { LfsServer } from '../lfs/lfs-server.ts';
import { requestBody } from './request-body.ts';
import { type GitProgram, type UploadPack, uploadPack } from './upload-pack.ts';

/** Smart HTTP (gitprotocol-http), protocol 0 to 2, and Git LFS beside it, for reading only. */
export interface GitServer {
  /** `parts`: what follows `/git/`. `origin`: how the client reaches the server. */
  answer(parts: readonly string[], request: ServedRequest, origin: string): Promise<Answer>;
}

/** Packing a large repository takes a core and memory; whoever comes later waits. */
const AT_ONCE = 8;
/** The place that git-lfs takes unless it is told another one (docs/api/server-discovery.md). */
const LFS = 'info/lfs/';
const NO_CACHE = { 'Cache-Control': 'no-cache, max-age=0, must-revalidate', Pragma: 'no-cache' } as const;

export function createGitServer(root: string, program: GitProgram, lfs: LfsServer): GitServer {
  const limit = pLimit(AT_ONCE);
  return {
    async answer(parts, request, origin) {
      const { repository, rest } = splitPath(parts);
      const directory = await findRepository(root, repository);
      if (rest === 'git-receive-pack' || request.query.get('service') === 'git-receive-pack')
        return textAnswer(403, 'this server takes no pushes');
      if (directory === undefined) return notFound('this repository');
      const command = { ...program, directory, ...protocolOf(request) };
      if (rest.startsWith(LFS))
        return await lfs.answer(
          rest.slice(LFS.length),
          { directory, url: lfsPlace(origin, repository) },
          request,
        );
      if (rest === 'info/refs') return refsAnswer(command, limit, request);
      if (rest === 'git-upload-pack') return await packAnswer(command, limit, request);
      return textAnswer(403, 'this server speaks smart HTTP only');
    },
  };
}

/** `host/path.git/info/refs`, or the same without `.git`, as Git hosts take it: what names the repository, and what is asked of it. */
function splitPath(parts: readonly string[]): { repository: readonly string[]; rest: string } {
  const end = parts.findIndex((part) => part.endsWith('.git')) + 1;
  if (end > 0) return { repository: parts.slice(0, end), rest: parts.slice(end).join('/') };
  const asked = parts.at(-1) === 'refs' && parts.at(-2) === 'info' ? 2 : 1;
  const named = parts.slice(0, -asked);
  const last = named.at(-1);
  const repository = last === undefined ? [] : [...named.slice(0, -1), `${last}.git`];
  return { repository, rest: parts.slice(-asked).join('/') };
}

function lfsPlace(origin: string, repository: readonly string[]): string {
  return `${origin}/git/${repository.map(encodeURIComponent).join('/')}/info/lfs`;
}

/** A bare repository, reached without following a link. */
async function findRepository(root: string, parts: readonly string[]): Promise<string | undefined> {
  const place = await findPlace(root, parts);
  if (!place?.facts.isDirectory()) return undefined;
  const head = await lstat(join(place.path, 'HEAD')).catch(() => undefined);
  const objects = await lstat(join(place.path, 'objects')).catch(() => undefined);
  return head?.isFile() && objects?.isDirectory() ? place.path : undefined;
}

/** The header goes into an environment variable; what git would not send is left out. */
function protocolOf({ headers }: ServedRequest): { protocol?: string } {
  const protocol = headers['git-protocol'];
  return typeof protocol === 'string' && /^[a-z0-9=:.,-]{1,100}$/i.test(protocol) ? { protocol } : {};
}

function refsAnswer(command: Omit<UploadPack, 'what'>, limit: LimitFunction, request: ServedRequest): Answer {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return textAnswer(405, 'GET only', { Allow: 'GET, HEAD' });
  if (request.query.get('service') !== 'git-upload-pack')
    return textAnswer(403, 'this server speaks smart HTTP only');
  const isVersion2 = /(?:^|:)version=2(?::|$)/.test(command.protocol ?? '');
  const output = inTurn(limit, request.run, () =>
    uploadPack({ ...command, what: 'refs' }, undefined, request.run),
  );
  const body = isVersion2 ? output : announced(output);
  return {
    status: 200,
    headers: { ...NO_CACHE, 'Content-Type': 'application/x-git-upload-pack-advertisement' },
    body,
  };
}

/** Protocol 0 and 1 begin with a line that names the service; protocol 2 leaves it out, as git's own server does. */
async function* announced(output: Bytes): Bytes {
  let isFirst = true;
  for await (const chunk of output) {
    if (isFirst) yield Buffer.from('001e# service=git-upload-pack\n0000');
    isFirst = false;
    yield chunk;
  }
}

async function packAnswer(
  command: Omit<UploadPack, 'what'>,
  limit: LimitFunction,
  request: ServedRequest,
): Promise<Answer> {
  if (request.method !== 'POST') return textAnswer(405, 'POST only', { Allow: 'POST' });
  if (request.headers['content-type'] !== 'application/x-git-upload-pack-request')
    return textAnswer(415, 'this is no upload-pack request');
  try {
    const input = requestBody(request.body, request.headers);
    const body = inTurn(limit, request.run, () =>
      uploadPack({ ...command, what: 'pack' }, input, request.run),
    );
    return {
      status: 200,
      headers: { ...NO_CACHE, 'Content-Type': 'application/x-git-upload-pack-result' },
      body,
    };
  } catch (error) {
    if (isGapferryError(error, 'CONTENT_INVALID')) return textAnswer(415, error.message);
    throw error;
  }
}

/** Starts when it is its turn and gives the turn back when its reader is done. */
async function* inTurn(limit: LimitFunction, run: Run, start: () => Bytes): Bytes {
  const done = await takeTurn(limit);
  try {
    if (!run.signal.aborted) yield* start();
  } finally {
    done();
  }
}

function takeTurn(limit: LimitFunction): Promise<() => void> {
  return new Promise((resolve) => {
    void limit(() => new Promise<void>((done) => resolve(done)));
  });
}
