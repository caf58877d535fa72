import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a gateway does with a request: lets it through, answers it itself with this status, or never answers and never passes it on. */
export type Verdict = 'pass' | 'hold' | number;

export interface AskedOf {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
}

/** An HTTP proxy on a free port of 127.0.0.1 in front of a server, as somebody's gateway. */
export interface Gateway extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** How many requests it has answered itself. */
  readonly answered: number;
  /** How many requests it has held back. */
  readonly held: number;
  /** Bytes of bodies that it has passed on to the server. */
  readonly sent: number;
}

export async function startGateway(
  port: number,
  judge: (asked: AskedOf) => Verdict | Promise<Verdict>,
): Promise<Gateway> {
  const counts = { answered: 0, held: 0, sent: 0 };
  const server = createServer(async (asked, answer) => {
    const verdict = await judge({ method: asked.method ?? '', path: asked.url ?? '' });
    if (verdict === 'pass') return passOn(port, asked, answer, counts);
    if (verdict === 'hold') {
      counts.held += 1;
      return;
    }
    counts.answered += 1;
    answer.writeHead(verdict, { 'content-type': 'text/html' }).end('<h1>gateway</h1>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    get answered() {
      return counts.answered;
    },
    get held() {
      return counts.held;
    },
    get sent() {
      return counts.sent;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function passOn(
  port: number,
  asked: IncomingMessage,
  answer: ServerResponse,
  counts: { sent: number },
): void {
  const { method, url, headers } = asked;
  const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, (got) => {
    answer.writeHead(got.statusCode ?? 502, got.headers);
    got.pipe(answer);
  });
  onward.on('error', () => answer.destroy());
  // Whoever goes away in the middle is cut off at the server, too.
  asked.once('error', () => onward.destroy());
  asked.on('data', (chunk: Buffer) => {
    counts.sent += chunk.byteLength;
  });
  asked.pipe(onward);
}
