import { createHash } from 'node:crypto';
import { memoryContent } from '../content/content.ts';
import { type Credentials, hasBasic } from '../http/credentials.ts';
import { type HttpServerOptions, startHttpServer, type TestServer } from '../http/http-server.ts';
import { rangeReply } from '../http/range.ts';
import { type Reply, textReply } from '../http/reply.ts';
import { readBody, type TestRequest } from '../http/test-request.ts';

export interface WebdavServerOptions extends HttpServerOptions {
  /** Asks for Basic credentials. */
  readonly auth?: Credentials;
  /** `nginx`: says 405 to OPTIONS although it moves. `put`: has nothing but PUT and DELETE, and makes directories by itself. */
  readonly like?: 'class-1' | 'nginx' | 'put';
  /** Bytes of all files that it takes; 507 beyond. */
  readonly quota?: number;
  /** Says nothing of a file but its size: neither `ETag` nor `Last-Modified`. */
  readonly noTags?: boolean;
}

/** Files in memory below `/dav/`, held to the rules of RFC 4918: nothing below a directory that is not there, no directory replaced by a file, `Overwrite`, a `Destination` of its own. */
export interface TestWebdavServer extends TestServer {
  /** By path below `/dav/`; what is set or deleted there is so at the next request. */
  readonly files: Map<string, Uint8Array>;
}

interface State {
  readonly files: Map<string, Uint8Array>;
  readonly collections: Set<string>;
  readonly options: WebdavServerOptions;
}

export async function startWebdavServer(options: WebdavServerOptions = {}): Promise<TestWebdavServer> {
  const state: State = { files: new Map(), collections: new Set(['']), options };
  const server = await startHttpServer((request) => answer(state, request), options);
  return { ...server, files: state.files };
}

async function answer(state: State, request: TestRequest): Promise<Reply> {
  const { auth, like = 'class-1' } = state.options;
  if (auth !== undefined && !hasBasic(request, auth))
    return textReply(401, 'unauthorized\n', { 'www-authenticate': 'Basic realm="testkit dav"' });
  const path = pathOf(request.path);
  if (path === undefined) return textReply(404, 'not found\n');
  const methods: Record<string, (() => Reply | Promise<Reply>) | undefined> = {
    GET: () => read(state, path, request),
    HEAD: () => read(state, path, request),
    PUT: () => put(state, path, request),
    DELETE: () => remove(state, path, request),
    ...(like !== 'put' && {
      MKCOL: () => makeCollection(state, path, request),
      MOVE: () => move(state, path, request),
    }),
  };
  if (request.method === 'OPTIONS' && like === 'class-1')
    return { status: 200, headers: { dav: '1', allow: ['OPTIONS', ...Object.keys(methods)].join(', ') } };
  return (await methods[request.method]?.()) ?? textReply(405, 'method not allowed\n');
}

/** Undefined outside `/dav/`. */
function pathOf(path: string): string | undefined {
  return /^\/dav(?:\/|$)/.test(path) ? path.slice('/dav/'.length).replace(/\/$/, '') : undefined;
}

function read({ files, collections, options }: State, path: string, request: TestRequest): Reply {
  const bytes = files.get(path);
  if (bytes === undefined) return textReply(collections.has(path) ? 405 : 404, 'no file\n');
  const etag = `"${createHash('sha1').update(bytes).digest('hex')}"`;
  return rangeReply(request, memoryContent(bytes), options.noTags ? {} : { etag });
}

async function put(state: State, path: string, request: TestRequest): Promise<Reply> {
  const { files, collections, options } = state;
  if (collections.has(path) || request.path.endsWith('/')) return textReply(405, 'a collection\n');
  if (options.like === 'put') addParents(collections, path);
  if (!collections.has(parentOf(path))) return textReply(409, 'no such collection\n');
  const bytes = await readBody(request);
  const others = [...files].reduce((sum, [name, { length }]) => (name === path ? sum : sum + length), 0);
  if (others + bytes.length > (options.quota ?? Number.POSITIVE_INFINITY)) return textReply(507, 'full\n');
  const status = files.has(path) ? 204 : 201;
  files.set(path, bytes);
  return { status };
}

async function makeCollection(
  { files, collections }: State,
  path: string,
  request: TestRequest,
): Promise<Reply> {
  if ((await readBody(request)).length > 0) return textReply(415, 'no body is known\n');
  if (collections.has(path) || files.has(path)) return textReply(405, 'it is there\n');
  if (!collections.has(parentOf(path))) return textReply(409, 'no such collection\n');
  collections.add(path);
  return { status: 201 };
}

function move({ files, collections }: State, path: string, { headers }: TestRequest): Reply {
  const to = URL.parse(String(headers['destination']));
  if (to === null) return textReply(400, 'no destination\n');
  const target = pathOf(decodeURIComponent(to.pathname));
  if (to.host !== headers.host || target === undefined) return textReply(502, 'not here\n');
  const bytes = files.get(path);
  if (bytes === undefined) return textReply(404, 'not found\n');
  if (collections.has(target) || !collections.has(parentOf(target))) return textReply(409, 'cannot\n');
  const isThere = files.has(target);
  if (isThere && headers['overwrite'] === 'F') return textReply(412, 'it is there\n');
  files.delete(path);
  files.set(target, bytes);
  return { status: isThere ? 204 : 201 };
}

function remove({ files, collections }: State, path: string, { headers }: TestRequest): Reply {
  if (files.delete(path)) return { status: 204 };
  if (!collections.has(path) || path === '') return textReply(404, 'not found\n');
  if ((headers['depth'] ?? 'infinity') !== 'infinity') return textReply(400, 'infinity it must be\n');
  const isBelow = (name: string): boolean => name === path || name.startsWith(`${path}/`);
  for (const name of [...files.keys()].filter(isBelow)) files.delete(name);
  for (const name of [...collections].filter(isBelow)) collections.delete(name);
  return { status: 204 };
}

function addParents(collections: Set<string>, path: string): void {
  for (let above = parentOf(path); above !== ''; above = parentOf(above)) collections.add(above);
}

function parentOf(path: string): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}
