import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CuttingProxyOptions {
  /** A port of 127.0.0.1 with the server behind it. */
  readonly port: number;
  /** Bytes of the server that a connection lets through before it is cut. */
  readonly afterBytes: number;
  /** How many connections are cut; default 1. Those that never carry so many bytes do not count. */
  readonly times?: number;
  /** After the last cut nobody listens here any more: a line that stays down. */
  readonly staysDown?: boolean;
}

/** A TCP proxy on a free port of 127.0.0.1 that breaks connections in the middle of an answer: for servers that are not ours and speak TLS or not. */
export interface CuttingProxy extends AsyncDisposable {
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** How many connections were cut so far. */
  readonly cuts: number;
  /** Bytes of the server that went through so far. */
  readonly bytesPassed: number;
  close(): Promise<void>;
}

export async function startCuttingProxy(options: CuttingProxyOptions): Promise<CuttingProxy> {
  const counts: Counts = { cuts: 0, bytesPassed: 0, left: options.times ?? 1 };
  const sockets = new Set<Socket>();
  const lastCut = (): void => void (options.staysDown === true && close());
  const server = createServer((client) => join(client, options, counts, sockets, lastCut));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    port,
    host: `127.0.0.1:${port}`,
    get cuts() {
      return counts.cuts;
    },
    get bytesPassed() {
      return counts.bytesPassed;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Counts {
  cuts: number;
  bytesPassed: number;
  left: number;
}

function join(
  client: Socket,
  options: CuttingProxyOptions,
  counts: Counts,
  sockets: Set<Socket>,
  lastCut: () => void,
): void {
  const server = connect(options.port, '127.0.0.1');
  for (const socket of [client, server]) {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => {
      sockets.delete(socket);
      client.destroySoon();
      server.destroySoon();
    });
  }
  client.pipe(server);
  let passed = 0;
  server.on('data', (chunk: Buffer) => {
    const room = counts.left > 0 ? Math.max(0, options.afterBytes - passed) : Number.POSITIVE_INFINITY;
    const part = chunk.subarray(0, room);
    passed += part.byteLength;
    counts.bytesPassed += part.byteLength;
    if (!client.write(part)) {
      server.pause();
      client.once('drain', () => server.resume());
    }
    if (part.byteLength === chunk.byteLength) return;
    counts.left -= 1;
    counts.cuts += 1;
    server.destroy();
    if (counts.left === 0) lastCut();
  });
  server.once('end', () => client.end());
}
