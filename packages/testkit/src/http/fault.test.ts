import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { seededBuffer } from '../content/seeded-bytes.ts';
import type { FaultAction } from './fault.ts';
import { startHttpServer, type TestServer } from './http-server.ts';
import { jsonReply, textReply } from './reply.ts';
import { readBody } from './test-request.ts';

const BODY = seededBuffer(300_000, 'body');

describe('faults', () => {
  it('answers a status instead of the fake, as often as it is told', async () => {
    await using server = await faulty({ kind: 'status', status: 429, headers: { 'retry-after': '7' } }, 2);
    const answers = [await fetch(server.url), await fetch(server.url), await fetch(server.url)];
    expect(answers.map(({ status }) => status)).toEqual([429, 429, 200]);
    expect(answers[0]?.headers.get('retry-after')).toBe('7');
  });

  it('applies only to requests that match, and goes away when it is cleared', async () => {
    await using server = await startHttpServer(() => textReply(200, 'fine'));
    server.addFault({
      match: ({ method, path }) => method === 'GET' && path === '/bad',
      do: { kind: 'status', status: 503 },
    });
    const statusOf = async (path: string): Promise<number> => (await fetch(server.url + path)).status;
    expect([await statusOf('/good'), await statusOf('/bad')]).toEqual([200, 503]);
    server.clearFaults();
    expect(await statusOf('/bad')).toBe(200);
  });

  it.each([0, 1, 65_536, 299_999])('cuts the connection after %i bytes of a body', async (afterBytes) => {
    await using server = await faulty({ kind: 'cut', afterBytes });
    const raw = await rawGet(server);
    expect(raw.head).toContain('content-length: 300000');
    expect(raw.body.equals(BODY.subarray(0, afterBytes))).toBe(true);
    await expect(fetch(server.url).then((answer) => answer.arrayBuffer())).rejects.toThrow();
    expect(server.requests[0]?.bytesSent).toBe(afterBytes);
  });

  it('flips exactly one byte', async () => {
    await using server = await faulty({ kind: 'corrupt', atByte: 123_456 });
    const body = Buffer.from(await (await fetch(server.url)).arrayBuffer());
    const wrong = [...body.keys()].filter((at) => body[at] !== BODY[at]);
    expect(wrong).toEqual([123_456]);
  });

  it('leaves out the last byte and says so', async () => {
    await using server = await faulty({ kind: 'short' });
    const answer = await fetch(server.url);
    expect(answer.headers.get('content-length')).toBe('299999');
    expect((await answer.arrayBuffer()).byteLength).toBe(299_999);
  });

  it('goes on without end, and stops when the client leaves', async () => {
    await using server = await faulty({ kind: 'endless' });
    const leave = new AbortController();
    const answer = await fetch(server.url, { signal: leave.signal });
    let seen = 0;
    for await (const chunk of answer.body ?? []) {
      seen += chunk.byteLength;
      if (seen > 2_000_000) break;
    }
    leave.abort();
    expect(seen).toBeGreaterThan(2_000_000);
  });

  it('stalls until the client gives up or the server closes', async () => {
    const server = await faulty({ kind: 'stall' });
    const waiting = fetch(server.url);
    await expect.poll(() => server.requests.length).toBe(1);
    expect(server.requests[0]?.status).toBe(0);
    await Promise.all([expect(waiting).rejects.toThrow(), server.close()]);
  });

  it('stalls in the middle of a body', async () => {
    await using server = await faulty({ kind: 'stall', afterBytes: 1000 });
    const leave = new AbortController();
    const answer = await fetch(server.url, { signal: leave.signal });
    let seen = 0;
    for await (const chunk of answer.body ?? []) {
      seen += chunk.byteLength;
      if (seen >= 1000) break;
    }
    leave.abort();
    expect(seen).toBe(1000);
  });

  it('redirects, and lies about a digest', async () => {
    await using server = await faulty({ kind: 'redirect', to: 'http://127.0.0.1:1/x' });
    const answer = await fetch(server.url, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([307, 'http://127.0.0.1:1/x']);
    server.clearFaults();
    server.addFault({ match: () => true, do: { kind: 'wrongDigestHeader' } });
    const lie = await fetch(server.url);
    expect(lie.headers.get('docker-content-digest')).toBe(`sha256:${'0'.repeat(64)}`);
  });

  it('cuts an upload', async () => {
    await using server = await startHttpServer(async (request) =>
      jsonReply(200, (await readBody(request)).byteLength),
    );
    const upload = (): Promise<Response> => fetch(server.url, { method: 'PUT', body: BODY });
    server.addFault({ match: () => true, times: 1, do: { kind: 'cutUpload', afterBytes: 1000 } });
    await expect(upload()).rejects.toThrow();
    expect(await (await upload()).json()).toBe(300_000);
  });
});

describe('the HTTP server', () => {
  it('answers 500 with the reason when its handler throws', async () => {
    await using server = await startHttpServer(() => {
      throw new Error('no idea');
    });
    const answer = await fetch(server.url);
    expect([answer.status, await answer.text()]).toEqual([500, expect.stringContaining('no idea')]);
  });

  it('closes open sockets, also idle and half-read ones, and closes twice', async () => {
    const server = await startHttpServer(() => textReply(200, 'fine'));
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n');
    const closed = new Promise<void>(
      (resolve) => void socket.on('error', () => {}).once('close', () => resolve()),
    );
    await server.close();
    await closed;
    await server.close();
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('gives the handler the decoded path, the query and the body', async () => {
    await using server = await startHttpServer(async (request) =>
      jsonReply(200, [request.path, request.query.get('n'), (await readBody(request)).toString()]),
    );
    const answer = await fetch(`${server.url}/a%20b/c?n=2`, { method: 'POST', body: 'text' });
    expect(await answer.json()).toEqual(['/a b/c', '2', 'text']);
  });
});

async function faulty(action: FaultAction, times?: number): Promise<TestServer> {
  const fault = { match: (): boolean => true, do: action, ...(times !== undefined && { times }) };
  return startHttpServer(() => ({ status: 200, body: BODY }), { faults: [fault] });
}

/** What really comes over the wire, without a client's judgement. */
async function rawGet(server: TestServer): Promise<{ head: string; body: Buffer }> {
  const socket = connect(server.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  const all = Buffer.concat(chunks);
  const end = all.indexOf('\r\n\r\n');
  return { head: all.subarray(0, end).toString('latin1'), body: all.subarray(end + 4) };
}
