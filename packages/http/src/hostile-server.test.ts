import { once } from 'node:events';
import { open, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { quietRun } from '@gapferry/core';
import { makeTlsIdentity, seededBuffer, temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';

const SIZE = 3_000_000;
const whole = seededBuffer(SIZE, 'wanted');
const tls = await makeTlsIdentity(['127.0.0.1']);

/** A server that says what it likes: `answer` gets the socket and the head of a question. */
async function startRudeServer(
  answer: (socket: Socket, head: string) => void,
  secure = false,
): Promise<AsyncDisposable & { readonly url: string }> {
  const sockets = new Set<Socket>();
  const hear = (socket: Socket | TLSSocket): void => {
    sockets.add(socket);
    socket.on('error', () => {}).once('data', (data) => answer(socket, data.toString('latin1')));
  };
  const server = secure ? createTlsServer({ key: tls.key, cert: tls.cert }, hear) : createServer(hear);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => void server.close(closed));
    },
  };
}

/** Passes on what a server says, in one piece with its end from the moment on that `holds`. */
async function startRelay(
  to: string,
  holds: () => boolean,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: Number(new URL(to).port), host: '127.0.0.1' });
    const held: Buffer[] = [];
    near.on('error', () => far.destroy()).pipe(far);
    far.on('error', () => near.destroy()).once('close', () => near.destroySoon());
    far.on('data', (data) => void (holds() ? held.push(data) : near.write(data)));
    far.once('end', () => near.end(Buffer.concat(held)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise((closed) => void server.close(() => closed())),
  };
}

/** What became of a file of which `had` bytes were there: its size, and whether it is what was wanted. */
async function pourFrom(url: string, had: number): Promise<{ outcome: string; size: number }> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'part');
  await writeFile(path, whole.subarray(0, had));
  await using file = await open(path, 'r+');
  const client = createHttpClient({ ca: tls.ca, wait: async () => {}, idleTimeoutMs: 2000 });
  const outcome = await client
    .pour({ url: `${url}/x`, item: 'blob', size: SIZE }, { fd: file.fd, from: had }, quietRun())
    .then(
      (poured) => (poured === undefined ? 'not poured' : 'poured'),
      ({ code }: { code: string }) => code,
    );
  client.close();
  const bytes = await readFile(path);
  expect(bytes.equals(whole.subarray(0, bytes.byteLength))).toBe(true);
  return { outcome, size: bytes.byteLength };
}

describe('a large body from a hostile server', () => {
  it('is given up when a line of the head cannot be read, however long it is', async () => {
    await using server = await startRudeServer((socket) => {
      socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${SIZE}\r\nX:${' '.repeat(60_000)}\x01\r\n\r\n`);
    });
    expect(await pourFrom(server.url, 0)).toEqual({ outcome: 'PROTOCOL_VIOLATION', size: 0 });
  });

  it('never grows beyond its size, also when a part is announced longer than its range', async () => {
    await using server = await startRudeServer((socket) => {
      const range = `bytes 1000-${SIZE - 1}/${SIZE}`;
      socket.write(
        `HTTP/1.1 206 Partial Content\r\nContent-Range: ${range}\r\nContent-Length: 999999999999\r\n\r\n`,
      );
      socket.write(whole.subarray(1000));
      socket.end(whole);
    });
    expect(await pourFrom(server.url, 1000)).toEqual({ outcome: 'not poured', size: 1000 });
  });

  it('may end in one go before anybody has looked at its head', async () => {
    const from = SIZE - 500;
    const heads: string[] = [];
    await using server = await startRudeServer((socket, head) => {
      heads.push(head);
      const answer = `HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ${from}-${SIZE - 1}/${SIZE}\r\nContent-Length: 500\r\n\r\n`;
      socket.end(Buffer.concat([Buffer.from(answer), whole.subarray(from)]));
    }, true);
    await using relay = await startRelay(server.url, () => heads.length > 0);
    expect(await pourFrom(relay.url, from)).toEqual({ outcome: 'poured', size: SIZE });
    expect(heads).toHaveLength(1);
  });
});
