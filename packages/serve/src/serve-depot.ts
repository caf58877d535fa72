import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { GapferryError, printable, type Run } from '@gapferry/core';
import type { GitProgram } from './git/upload-pack.ts';
import { textAnswer } from './http/answer.ts';
import type { BasicAuth } from './http/basic-auth.ts';
import { type Sent, sendAnswer } from './http/send-answer.ts';
import { type ServedRequest, toServedRequest } from './http/served-request.ts';
import { createRoutes, type Routes } from './route.ts';
import type { ServedContentRoots } from './served-store.ts';

export interface ServeOptions {
  /** Address to listen on: `127.0.0.1`, `::`, a host name. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** PEM texts. */
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Asked of every request. */
  readonly basicAuth?: BasicAuth;
  readonly git?: GitProgram;
  /** Milliseconds on a connection on which nothing moves; 120,000. What is asked for may take longer to find out. */
  readonly idleMs?: number;
}

export interface Served {
  /** `http://127.0.0.1:5000`, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Takes no new requests, lets those under way end, and resolves when the last one did. */
  close(): Promise<void>;
  /** Resolves when the server is closed, by `close` or by the run's end. */
  readonly closed: Promise<void>;
}

/** Milliseconds: for the head of a request, for all of it, and for a connection on which nothing moves. */
const TIMEOUTS = { headers: 20_000, request: 300_000, idle: 120_000 } as const;
const MAX_CONNECTIONS = 1024;

/** Starts a read-only server over a depot: an OCI registry under `/v2/`, Git under `/git/`, files under `/files/`, an index at `/`.
 *  Tells each request through `run`; when the run is stopped, open connections are cut and everything is released. Throws `USAGE` when the address cannot be used. */
export async function serveDepot(
  content: ServedContentRoots,
  options: ServeOptions,
  run: Run,
): Promise<Served> {
  const routes = createRoutes(content, options.git ?? {}, options.basicAuth, run);
  const server =
    options.tls === undefined ? createServer() : createTlsServer({ ...options.tls, minVersion: 'TLSv1.2' });
  const { idleMs = TIMEOUTS.idle } = options;
  guard(server, idleMs);
  await listen(server, options);
  const { port } = server.address() as AddressInfo;
  const url = `${options.tls === undefined ? 'http' : 'https'}://${bracketed(options.host)}:${port}`;
  const busy = new Set<Promise<void>>();
  server.on('request', (raw, response) => {
    const handling = handle(routes, raw, response, { url, idleMs }, run).finally(() => busy.delete(handling));
    busy.add(handling);
  });
  return { url, port, ...closing(server, busy, run) };
}

interface ServingPlace {
  readonly url: string;
  readonly idleMs: number;
}

function guard(server: Server, idleMs: number): void {
  server.headersTimeout = TIMEOUTS.headers;
  server.requestTimeout = TIMEOUTS.request;
  server.keepAliveTimeout = 30_000;
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(idleMs);
}

async function listen(server: Server, { host, port }: ServeOptions): Promise<void> {
  server.listen(port, host);
  await once(server, 'listening').catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new GapferryError({
      code: 'USAGE',
      message: `cannot listen on ${bracketed(host)}:${port}: ${why}`,
      hint: 'choose another address or port; port 0 takes any free one',
      cause,
    });
  });
}

function closing(
  server: Server,
  busy: ReadonlySet<Promise<void>>,
  run: Run,
): Pick<Served, 'close' | 'closed'> {
  const stop = (): void => {
    server.close();
    server.closeAllConnections();
  };
  if (run.signal.aborted) stop();
  run.signal.addEventListener('abort', stop, { once: true });
  const closed = once(server, 'close').then(async () => {
    run.signal.removeEventListener('abort', stop);
    await Promise.all(busy);
  });
  return {
    closed,
    close: async () => {
      server.close();
      await closed;
    },
  };
}

async function handle(
  routes: Routes,
  raw: IncomingMessage,
  response: ServerResponse,
  place: ServingPlace,
  run: Run,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  raw.on('error', () => gone.abort());
  const signal = AbortSignal.any([run.signal, gone.signal]);
  const request = toServedRequest(raw, { signal, emit: (event) => run.emit(event) });
  const sent = await respond(routes, raw, request, response, place);
  tell(raw, sent, run);
}

async function respond(
  routes: Routes,
  raw: IncomingMessage,
  request: ServedRequest | undefined,
  response: ServerResponse,
  { url, idleMs }: ServingPlace,
): Promise<Sent> {
  const { socket } = raw;
  const isHead = raw.method === 'HEAD';
  if (request === undefined)
    return await sendLast(response, textAnswer(400, 'this path cannot be read'), isHead);
  try {
    // Until the answer begins nothing moves, however long it takes to find it out.
    socket.setTimeout(0);
    const answering = routes.answer(request, originOf(raw, url));
    const answer = await answering.finally(() => socket.setTimeout(idleMs));
    // What is left of a body that nobody asked for is not waited for.
    if (answer.status >= 400 && !raw.complete) response.setHeader('Connection', 'close');
    return await sendAnswer(response, answer, isHead);
  } catch (error) {
    if (!raw.complete) response.setHeader('Connection', 'close');
    const sent = await sendLast(response, routes.failure(request, error), isHead);
    return { ...sent, broken: sent.broken ?? error };
  }
}

async function sendLast(
  response: ServerResponse,
  answer: Parameters<typeof sendAnswer>[1],
  isHead: boolean,
): Promise<Sent> {
  try {
    return await sendAnswer(response, answer, isHead);
  } catch (broken) {
    response.destroy();
    return { status: answer.status, bytes: 0, broken };
  }
}

function tell(raw: IncomingMessage, sent: Sent, run: Run): void {
  const [path = ''] = (raw.url ?? '').split('?');
  const cut = sent.broken !== undefined && sent.status < 400;
  run.emit({
    kind: 'request',
    method: printable(raw.method ?? ''),
    path: printable(path.slice(0, 2000)),
    status: sent.status,
    bytes: sent.bytes,
    ...(cut && { cut }),
  });
  // A client that leaves is everyday; trouble of ours is not.
  if (sent.broken instanceof GapferryError && sent.broken.code !== 'INTERRUPTED')
    run.emit({ kind: 'warning', message: printable(`${path.slice(0, 500)}: ${sent.broken.message}`) });
}

/** How the client reached us, for commands on the index page. The header is the client's word: only the form of a host is taken. */
function originOf(raw: IncomingMessage, url: string): string {
  const { host } = raw.headers;
  if (host === undefined || !/^(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(host)) return url;
  return `${url.slice(0, url.indexOf('://'))}://${host}`;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
