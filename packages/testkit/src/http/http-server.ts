import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Bytes } from '@gapferry/core';
import type { TlsIdentity } from '../tls-identity.ts';
import { type AccessLogEntry, logged } from './access-log.ts';
import { type Ending, type Fault, type FaultAction, FaultPlan, replyInstead, spoil } from './fault.ts';
import { bodyBytes, bodyLength, type Reply, textReply } from './reply.ts';
import { type TestRequest, toTestRequest } from './test-request.ts';

/** Answers one request. With `undefined` it has used `response` itself, and no fault but `status`, `redirect` and `cutUpload` applies. */
export type HttpHandler = (
  request: TestRequest,
  response: ServerResponse,
) => Reply | undefined | Promise<Reply | undefined>;

export interface HttpServerOptions {
  readonly tls?: TlsIdentity;
  /** With `tls`: only a client that shows a certificate of this authority (PEM) gets through the handshake. */
  readonly clientCa?: string;
  readonly faults?: readonly Fault[];
  /** A free one unless given. */
  readonly port?: number;
}

/** A server on a free port of 127.0.0.1. */
export interface TestServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  readonly port: number;
  /** Every request so far, in order of arrival; credentials are masked. */
  readonly requests: readonly AccessLogEntry[];
  addFault(fault: Fault): void;
  clearFaults(): void;
  /** Another certificate from now on, for who connects anew: everybody does. Of a server with TLS. */
  present(identity: TlsIdentity): void;
  /** Closes every socket. May be called more than once. */
  close(): Promise<void>;
}

/** Starts a server that keeps an access log and can be told to misbehave. The fakes of this package stand on it. */
export async function startHttpServer(
  handler: HttpHandler,
  options: HttpServerOptions = {},
): Promise<TestServer> {
  const plan = new FaultPlan();
  for (const fault of options.faults ?? []) plan.add(fault);
  const requests: AccessLogEntry[] = [];
  const listener = (raw: IncomingMessage, response: ServerResponse): void =>
    void answer({ raw, response, handler, plan, requests });
  const server =
    options.tls === undefined
      ? createServer(listener)
      : createTlsServer(tlsOptions(options.tls, options.clientCa), listener);
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  return testServer(server, options.tls === undefined ? 'http' : 'https', plan, requests);
}

function tlsOptions({ cert, key }: TlsIdentity, clientCa: string | undefined): ServerOptions {
  return { cert, key, ...(clientCa !== undefined && { ca: clientCa, requestCert: true }) };
}

function testServer(
  server: Server,
  scheme: string,
  plan: FaultPlan,
  requests: readonly AccessLogEntry[],
): TestServer {
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    port,
    requests,
    addFault: (fault) => plan.add(fault),
    clearFaults: () => plan.clear(),
    present: (identity) => {
      if (!('setSecureContext' in server)) throw new Error('the server has no TLS');
      (server as TlsServer).setSecureContext(tlsOptions(identity, undefined));
      server.closeAllConnections();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Exchange {
  readonly raw: IncomingMessage;
  readonly response: ServerResponse;
  readonly handler: HttpHandler;
  readonly plan: FaultPlan;
  readonly requests: AccessLogEntry[];
}

async function answer(exchange: Exchange): Promise<void> {
  const { raw, response, handler, plan, requests } = exchange;
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  raw.on('error', () => {});
  const request = toTestRequest(raw, gone.signal);
  const log = logged(request, response);
  requests.push(log);
  const fault = plan.take(request);
  if (fault?.kind === 'cutUpload') return cutUpload(exchange, request, fault.afterBytes);
  const { reply, ending } = replyInstead(fault) ?? (await askHandler(handler, request, response, fault));
  if (reply !== undefined) await send(exchange, reply, ending, log);
}

async function askHandler(
  handler: HttpHandler,
  request: TestRequest,
  response: ServerResponse,
  fault: FaultAction | undefined,
): Promise<{ reply: Reply | undefined; ending: Ending }> {
  if (fault?.kind === 'stall' && fault.afterBytes === undefined) return { reply: undefined, ending: 'stall' };
  try {
    const reply = await handler(request, response);
    if (fault?.kind === 'lostAnswer') {
      response.destroy();
      return { reply: undefined, ending: 'cut' };
    }
    return reply === undefined ? { reply, ending: 'complete' } : spoil(reply, fault);
  } catch (error) {
    if (response.headersSent || request.signal.aborted) {
      response.destroy();
      return { reply: undefined, ending: 'cut' };
    }
    return { reply: textReply(500, `the fake failed: ${String(error)}\n`), ending: 'complete' };
  }
}

async function send(exchange: Exchange, reply: Reply, ending: Ending, log: AccessLogEntry): Promise<void> {
  const { raw, response } = exchange;
  const length = bodyLength(reply);
  const noBody = reply.status === 204 || reply.status === 304;
  response.writeHead(reply.status, {
    ...reply.headers,
    ...(length !== undefined && !noBody && { 'content-length': String(length) }),
  });
  response.flushHeaders();
  try {
    if (raw.method !== 'HEAD') await sendBody(reply, response, log);
  } catch {
    return void response.destroy();
  }
  if (ending === 'complete') response.end();
  else if (ending === 'cut') response.socket?.destroySoon();
}

/** Stops quietly when the client is gone. */
async function sendBody(reply: Reply, response: ServerResponse, log: { bytesSent: number }): Promise<void> {
  for await (const chunk of bodyBytes(reply)) {
    if (response.destroyed) return;
    log.bytesSent += chunk.byteLength;
    await written(response, chunk);
  }
}

/** Resolves when the socket has taken the chunk, which its producer may then reuse, or is gone. */
function written(response: ServerResponse, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('close', done);
      resolve();
    };
    response.on('close', done);
    response.write(chunk, done);
  });
}

/** The fake sees what a server sees when the client's connection breaks; the client sees no answer. */
async function cutUpload(
  { raw, response, handler }: Exchange,
  request: TestRequest,
  after: number,
): Promise<void> {
  // Leaving the body early lets go of the socket.
  const { socket } = raw;
  try {
    await handler({ ...request, body: cutBody(raw, after) }, response);
  } catch {
    // What the fake makes of the cut is its own affair.
  } finally {
    socket.destroy();
  }
}

async function* cutBody(raw: IncomingMessage, after: number): Bytes {
  let left = after;
  if (left > 0)
    for await (const chunk of raw as AsyncIterable<Buffer>) {
      yield chunk.subarray(0, left);
      left -= chunk.byteLength;
      if (left <= 0) break;
    }
  throw new Error('the upload was cut');
}
