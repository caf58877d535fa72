import { createHash, randomUUID } from 'node:crypto';
import { toContent } from '../content/content.ts';
import { type GitServerOptions, gitHandler, gitServerMissing } from '../git/git-server.ts';
import { hasBasic } from '../http/credentials.ts';
import { startHttpServer, type TestServer } from '../http/http-server.ts';
import { rangeReply } from '../http/range.ts';
import { type Reply, textReply } from '../http/reply.ts';
import { readBody, type TestRequest } from '../http/test-request.ts';
import { type BatchAnswer, batchAnswer, LFS_TYPE, lfsError } from './lfs-batch.ts';

export interface LfsServerOptions extends GitServerOptions {
  /** Seconds for which an address that the server gives out is good; it says so. */
  readonly expiresIn?: number;
  /** Milliseconds since 1970; `Date.now` otherwise. */
  readonly now?: () => number;
  /** Objects that one question may name; more is answered with 413. Default 100. */
  readonly batchLimit?: number;
  /** Makes the server say something else than it should. */
  readonly distort?: (answer: BatchAnswer) => unknown;
}

/** A Git host with Git LFS: repositories at `<url>/<path>`, their API at `<url>/<path>.git/info/lfs`. */
export interface LfsServer extends TestServer {
  /** Contents by id, 64 lower-case hex digits. */
  readonly objects: Map<string, Uint8Array>;
  /** Puts content there; returns its id. */
  add(content: Uint8Array): string;
}

/** Serves repositories below `rootDir` with git's own `http-backend`, and beside each the batch API and the `basic` transfer of Git LFS, by its documents (docs/api/batch.md, basic-transfers.md):
 *  media types, forms and hashes are enforced, addresses need the header that was given with them, and expire. */
export async function startLfsServer(rootDir: string, options: LfsServerOptions = {}): Promise<LfsServer> {
  const missing = gitServerMissing();
  if (missing !== undefined) throw new Error(missing);
  const objects = new Map<string, Uint8Array>();
  const state: State = { objects, tokens: new Map(), options, origin: '' };
  const git = gitHandler(rootDir, options);
  const server = await startHttpServer((request) => answer(state, request) ?? git(request), options);
  state.origin = server.url;
  const add = (content: Uint8Array): string => {
    const oid = createHash('sha256').update(content).digest('hex');
    objects.set(oid, content);
    return oid;
  };
  return Object.assign(server, { objects, add });
}

interface State {
  readonly objects: Map<string, Uint8Array>;
  /** What an address needs, and until when it is good. */
  readonly tokens: Map<string, number>;
  readonly options: LfsServerOptions;
  origin: string;
}

/** Undefined for what is git's. */
function answer(state: State, request: TestRequest): Promise<Reply> | Reply | undefined {
  const [, stored] = /^\/storage\/([0-9a-f]{64})$/.exec(request.path) ?? [];
  if (stored !== undefined) return storage(state, stored, request);
  const [, rest] = /^\/.+\.git\/info\/lfs(\/.*)?$/.exec(request.path) ?? [];
  if (rest === undefined) return undefined;
  const { auth } = state.options;
  if (auth !== undefined && !hasBasic(request, auth))
    return lfsError(401, 'credentials are needed', { 'lfs-authenticate': 'Basic realm="testkit lfs"' });
  if (rest === '/objects/batch') return batch(state, request);
  if (rest === '/verify') return verify(state, request);
  return lfsError(404, 'there is nothing');
}

async function batch(state: State, request: TestRequest): Promise<Reply> {
  const { options, objects, origin } = state;
  if (request.method !== 'POST') return lfsError(405, 'POST only');
  if (!String(request.headers.accept).includes(LFS_TYPE)) return lfsError(406, `accept ${LFS_TYPE}`);
  if (!String(request.headers['content-type']).startsWith(LFS_TYPE)) return lfsError(415, `send ${LFS_TYPE}`);
  const made = batchAnswer(await readBody(request), {
    size: (oid) => objects.get(oid)?.byteLength,
    limit: options.batchLimit ?? 100,
    action: (oid) => ({
      href: `${origin}/storage/${oid}`,
      header: { 'Lfs-Token': token(state) },
      ...(options.expiresIn !== undefined && { expires_in: options.expiresIn }),
    }),
    verify: `${origin}${request.path.replace(/objects\/batch$/, 'verify')}`,
  });
  if ('reply' in made) return made.reply;
  const body = JSON.stringify(options.distort?.(made.answer) ?? made.answer);
  return { status: 200, headers: { 'content-type': LFS_TYPE }, body };
}

function token({ tokens, options }: State): string {
  const made = randomUUID();
  const { now = Date.now, expiresIn = 3600 } = options;
  tokens.set(made, now() + expiresIn * 1000);
  return made;
}

function storage(state: State, oid: string, request: TestRequest): Promise<Reply> | Reply {
  const until = state.tokens.get(String(request.headers['lfs-token']));
  if (until === undefined) return textReply(401, 'this address needs its header\n');
  if (until <= (state.options.now ?? Date.now)()) return textReply(403, 'this address has expired\n');
  if (request.method === 'PUT') return store(state, oid, request);
  const content = state.objects.get(oid);
  if (content === undefined) return textReply(404, 'no such object\n');
  return rangeReply(request, toContent(content), { etag: `"${oid}"` });
}

async function store({ objects }: State, oid: string, request: TestRequest): Promise<Reply> {
  if (request.headers['content-type'] !== 'application/octet-stream')
    return textReply(415, 'send application/octet-stream\n');
  const content = await readBody(request);
  if (createHash('sha256').update(content).digest('hex') !== oid) return textReply(422, 'other content\n');
  objects.set(oid, content);
  return { status: 200 };
}

async function verify({ objects }: State, request: TestRequest): Promise<Reply> {
  const { oid, size } = JSON.parse((await readBody(request)).toString('utf8')) as {
    oid: string;
    size: number;
  };
  const content = objects.get(oid);
  if (content === undefined) return lfsError(404, 'no such object');
  return content.byteLength === size ? { status: 200 } : lfsError(422, 'it has another size');
}
