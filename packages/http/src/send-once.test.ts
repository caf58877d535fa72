import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type Bytes, GapferryError, quietRun, type Run, type RunEvent } from '@gapferry/core';
import {
  hasBasic,
  makeTlsIdentity,
  readBody,
  seededBuffer,
  startHttpServer,
  type TestRequest,
  type TlsIdentity,
  textReply,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { HttpClientOptions, SendRequest, StreamedBody } from './http-client.ts';

const identity = await makeTlsIdentity();
const SIZE = 3_000_001;
const whole = seededBuffer(SIZE, 'sent');
/** More than the buffers between two sockets hold. */
const large = new Uint8Array(40 << 20);
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const put = (url: string, more: Partial<SendRequest> = {}): SendRequest => ({
  url,
  method: 'PUT',
  item: 'blob',
  ...more,
});

/** A body in chunks whose memory is used again, and how often it was opened and closed. */
function streamed(bytes: Uint8Array = whole, size: number = bytes.byteLength) {
  const counts = { opened: 0, closed: 0, given: 0 };
  const open = async function* (): Bytes {
    counts.opened += 1;
    const chunk = new Uint8Array(100_003);
    try {
      for (let at = 0; at < bytes.byteLength; at += chunk.byteLength) {
        const piece = bytes.subarray(at, at + chunk.byteLength);
        chunk.set(piece);
        yield chunk.subarray(0, piece.byteLength);
        counts.given += piece.byteLength;
      }
    } finally {
      counts.closed += 1;
    }
  };
  return { body: { size, open } satisfies StreamedBody, counts };
}

const echo = async (request: TestRequest) => textReply(201, sha(await readBody(request)));

async function send(request: SendRequest, options: HttpClientOptions = {}, run: Run = quietRun()) {
  const client = createHttpClient({ wait: async () => {}, random: () => 0, ...options });
  try {
    const answer = await client.send(request, run);
    return { ...answer, text: Buffer.from(answer.body).toString() };
  } finally {
    client.close();
  }
}

/** A server that says what it likes, whenever it likes. */
async function rawServer(
  talk: (socket: Socket) => void,
  tls?: TlsIdentity,
): Promise<{ url: string } & AsyncDisposable> {
  const listener = (socket: Socket): void => {
    socket.on('error', () => {});
    talk(socket);
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

describe('what is sent', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('by %s arrives with its length', async (method) => {
    await using server = await startHttpServer(echo);
    const answer = await send(put(server.url, { method, body: Buffer.from('hello') }));
    expect([answer.status, answer.text]).toEqual([201, sha(Buffer.from('hello'))]);
    expect(server.requests.map(({ method: used, headers }) => [used, headers['content-length']])).toEqual([
      [method, '5'],
    ]);
  });

  it('is nothing where there is no body', async () => {
    await using server = await startHttpServer(echo);
    for (const method of ['POST', 'PATCH', 'DELETE'] as const)
      expect((await send(put(server.url, { method }))).text).toBe(sha(Buffer.alloc(0)));
    expect(server.requests.map(({ headers }) => headers['content-length'])).toEqual(['0', '0', undefined]);
  });

  it.each([
    ['plain HTTP', undefined],
    ['TLS', identity],
  ])('is a stream of any size over %s, although its chunks use the same memory', async (_, tls) => {
    await using server = await startHttpServer(echo, { ...(tls && { tls }) });
    const { body, counts } = streamed();
    const events: RunEvent[] = [];
    const run = { ...quietRun(), emit: (event: RunEvent) => void events.push(event) };
    expect((await send(put(server.url, { body }), { ...(tls && { ca: tls.ca }) }, run)).text).toBe(
      sha(whole),
    );
    expect(server.requests[0]?.headers['content-length']).toBe(String(SIZE));
    expect(counts).toMatchObject({ opened: 1, closed: 1 });
    expect(events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0)).toBe(SIZE);
  });

  it('leaves the connection usable', async () => {
    const sockets = new Set<unknown>();
    await using server = await startHttpServer(async (request) => {
      sockets.add(request.headers.connection);
      return echo(request);
    });
    const client = createHttpClient({ perHost: 1 });
    for (let i = 0; i < 5; i++)
      expect((await client.send(put(server.url, { body: streamed().body }), quietRun())).status).toBe(201);
    client.close();
    expect(server.requests).toHaveLength(5);
  });

  it.each([
    ['less', SIZE + 1],
    ['more', SIZE - 1],
    ['more than nothing', 0],
  ])('is never sent to its end when its source gives %s', async (_, size) => {
    const arrived: number[] = [];
    await using server = await startHttpServer(async (request) => {
      arrived.push((await readBody(request)).byteLength);
      return textReply(201, '');
    });
    const { body, counts } = streamed(whole, size);
    await expect(send(put(server.url, { body }))).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
      retryable: false,
      message: expect.stringContaining('blob has'),
    });
    expect(arrived).toEqual([]);
    expect(counts.opened).toBe(counts.closed);
  });

  it('that cannot be read is the error of its source', async () => {
    await using server = await startHttpServer(echo);
    const damage = new GapferryError({ code: 'DIGEST_MISMATCH', message: 'the depot is damaged' });
    const open = async function* (): Bytes {
      yield whole.subarray(0, 500_000);
      throw damage;
    };
    await expect(send(put(server.url, { body: { size: SIZE, open } }))).rejects.toBe(damage);
  });

  it('is sent no faster than it is taken', async () => {
    let paused: Socket | undefined;
    await using server = await rawServer((socket) => {
      paused = socket.pause();
    });
    const size = 200 << 20;
    let given = 0;
    const open = async function* (): Bytes {
      const chunk = new Uint8Array(1 << 20);
      for (; given < size; given += chunk.byteLength) yield chunk;
    };
    await expect(
      send(put(server.url, { body: { size, open } }), { idleTimeoutMs: 100 }),
    ).rejects.toMatchObject({ code: 'TIMED_OUT', retryable: true });
    paused?.destroy();
    expect(given).toBeLessThan(30 << 20);
  });
});

describe('an answer before the end of the body', () => {
  const early = (head: string, more = ''): ((socket: Socket) => void) => {
    return (socket) =>
      void socket.once('data', () =>
        socket.end(`HTTP/1.1 ${head}\r\nContent-Length: ${more.length}\r\n\r\n${more}`),
      );
  };

  it.each([
    ['413 Content Too Large', 'PROTOCOL_VIOLATION'],
    ['403 Forbidden', 'FORBIDDEN'],
    ['429 Too Many Requests', 'RATE_LIMITED'],
    ['500 Internal Server Error', 'SERVER_ERROR'],
  ])('of %s counts, and the rest is not sent', async (head, code) => {
    await using server = await rawServer(early(head, 'quota exceeded'));
    const { body, counts } = streamed(large);
    await expect(send(put(server.url, { body }))).rejects.toMatchObject({ code });
    expect(counts.closed).toBe(1);
    expect(counts.given).toBeLessThan(30 << 20);
  });

  it.each([
    ['plain HTTP', 'destroy', undefined],
    ['plain HTTP', 'resetAndDestroy', undefined],
    ['TLS', 'destroy', identity],
  ] as const)(
    'counts over %s also where the server hangs up (%s) with the question unread',
    async (_, how, tls) => {
      const rude = (socket: Socket): void =>
        void socket.once('data', () => {
          socket.pause();
          socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge', () => socket[how]());
        });
      await using server = await rawServer(rude, tls);
      for (let i = 0; i < 5; i++) {
        const { body } = streamed(seededBuffer(10 << 20, 'large'));
        const answer = await send(put(server.url, { body, accept: [413] }), { ca: identity.ca });
        expect([answer.status, answer.text]).toEqual([413, 'large']);
      }
    },
  );

  it('counts also where the server stays on the line', async () => {
    await using server = await startHttpServer(() => textReply(413, 'too large'));
    const { body, counts } = streamed(large);
    const answer = await send(put(server.url, { body, accept: [413] }));
    expect([answer.status, answer.text]).toEqual([413, 'too large']);
    expect(counts.closed).toBe(1);
  });
});

describe('a challenge', () => {
  const login = { username: 'u', password: 'open sesame' };
  const guarded = async (request: TestRequest) =>
    hasBasic(request, login)
      ? echo(request)
      : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } };

  it('makes the body be opened again, and its bytes are told once', async () => {
    await using server = await startHttpServer(guarded);
    const { body, counts } = streamed();
    const events: RunEvent[] = [];
    const answer = await send(
      put(server.url, { body, scope: 'repository:a:push' }),
      { credentials: async () => login },
      { ...quietRun(), emit: (event) => void events.push(event) },
    );
    expect([answer.status, answer.text]).toEqual([201, sha(whole)]);
    expect(counts).toMatchObject({ opened: 2, closed: 2 });
    expect(events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0)).toBe(SIZE);
  });
});

describe('a redirect of what is sent', () => {
  it.each([307, 308])('by %d takes method and body along, and no secret to another host', async (status) => {
    await using other = await startHttpServer(echo);
    await using server = await startHttpServer(() => ({
      status,
      headers: { location: `${other.url}/there?X-Amz-Signature=abc` },
    }));
    const { body } = streamed();
    const answer = await send(put(server.url, { method: 'PATCH', body, headers: { Cookie: 'c=1' } }), {
      credentials: async (host) =>
        host === server.host ? { username: 'u', password: 'open sesame' } : undefined,
    });
    expect([answer.status, answer.text]).toEqual([201, sha(whole)]);
    expect(other.requests.map(({ method }) => method)).toEqual(['PATCH']);
    expect(other.requests[0]?.headers).not.toHaveProperty('authorization');
    expect(other.requests[0]?.headers).not.toHaveProperty('cookie');
  });

  it.each([301, 302, 303])('by %d is no answer: it would become a question', async (status) => {
    await using server = await startHttpServer(() => ({ status, headers: { location: '/there' } }));
    await expect(send(put(server.url))).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('a failed trip', () => {
  it.each([
    ['502', { kind: 'status' as const, status: 502 }, 'SERVER_ERROR'],
    ['a cut', { kind: 'cutUpload' as const, afterBytes: 1_000_000 }, 'CONNECTION_CUT'],
  ])('with %s is not tried again here, and says that it may be', async (_, fault, code) => {
    await using server = await startHttpServer(echo, {
      faults: [{ match: () => true, times: 1, do: fault }],
    });
    await expect(send(put(server.url, { body: streamed().body }))).rejects.toMatchObject({
      code,
      retryable: true,
    });
    expect(server.requests).toHaveLength(1);
  });

  it('stops when the run is stopped', async () => {
    const abort = new AbortController();
    await using server = await startHttpServer(async () => {
      abort.abort();
      return new Promise(() => {});
    });
    const { body, counts } = streamed();
    await expect(send(put(server.url, { body }), {}, quietRun(abort.signal))).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(counts.closed).toBe(1);
  });
});

it('goes on with a body past an answer that has begun, where the caller knows that such servers do so', async () => {
  const server = createServer((socket: Socket) => {
    let got = 0;
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      if (got === 0) socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      got += chunk.byteLength;
      // The head of the request is not more than 1,000 bytes.
      if (got >= large.byteLength) socket.end('2\r\nok\r\n0\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { body } = streamed(large);
  const answer = await send(put(`http://127.0.0.1:${port}/x`, { body: { ...body, pastAnswer: true } }));
  expect(answer.text).toBe('ok');
  await new Promise((resolve) => void server.close(resolve));
});
