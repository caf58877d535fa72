import { createHash } from 'node:crypto';
import { type Bytes, quietRun, type Run, type RunEvent } from '@gapferry/core';
import {
  type Fault,
  rangeReply,
  seededBuffer,
  startHttpServer,
  type TestRequest,
  toContent,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { BodyRequest } from './http-client.ts';

const SIZE = 3_000_000;
const whole = seededBuffer(SIZE, 'body');
const served = (request: TestRequest) => rangeReply(request, toContent(whole), { etag: '"v1"' });
const client = createHttpClient({ wait: async () => {}, random: () => 0, idleTimeoutMs: 500 });

async function read(bytes: Bytes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}

const get = (
  url: string,
  from = 0,
  more: Partial<BodyRequest> = { size: SIZE },
  run: Run = quietRun(),
): Promise<Buffer> => read(client.body({ url: `${url}/b`, item: 'blob', ...more }, from, run));
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const cut = (afterBytes: number, times = 1): Fault => ({
  match: () => true,
  times,
  do: { kind: 'cut', afterBytes },
});

describe('a body', () => {
  it.each([0, 1, 65_536, SIZE - 1, SIZE])('is read from %d', async (from) => {
    await using server = await startHttpServer(served);
    expect(sha(await get(server.url, from))).toBe(sha(whole.subarray(from)));
    expect(server.requests.map(({ headers }) => headers['range'])).toEqual(
      from === SIZE ? [] : [from === 0 ? undefined : `bytes=${from}-`],
    );
  });

  it('goes on by Range where the connection was cut, under the same ETag', async () => {
    await using server = await startHttpServer(served, { faults: [cut(1_234_567), cut(500_000)] });
    const events: RunEvent[] = [];
    const body = await get(
      server.url,
      0,
      { size: SIZE },
      { ...quietRun(), emit: (event) => events.push(event) },
    );
    expect(sha(body)).toBe(sha(whole));
    expect(server.requests.map(({ headers }) => [headers['range'], headers['if-range']])).toEqual([
      [undefined, undefined],
      ['bytes=1234567-', '"v1"'],
      ['bytes=1734567-', '"v1"'],
    ]);
    expect(events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0)).toBe(SIZE);
    expect(events.filter(({ kind }) => kind === 'retry')).toHaveLength(2);
  });

  it('goes on by a new link where a redirect led to one that has expired by then', async () => {
    let links = 0;
    await using storage = await startHttpServer((request) =>
      request.query.get('link') === String(links) ? served(request) : { status: 403, body: 'expired' },
    );
    storage.addFault(cut(1_234_567));
    await using server = await startHttpServer(() => {
      links += 1;
      return { status: 302, headers: { location: `${storage.url}/b?link=${links}` } };
    });
    expect(sha(await get(server.url))).toBe(sha(whole));
    expect(storage.requests.map(({ url, status }) => `${url} ${status}`)).toEqual([
      '/b?link=1 200',
      '/b?link=2 206',
    ]);
  });

  it('drops the beginning when the server knows no ranges', async () => {
    await using server = await startHttpServer(() => ({ status: 200, body: whole }), {
      faults: [cut(1_000_001)],
    });
    expect(sha(await get(server.url))).toBe(sha(whole));
    expect(sha(await get(server.url, 12_345))).toBe(sha(whole.subarray(12_345)));
  });

  it('asks for the next part when a server gives only parts', async () => {
    await using server = await startHttpServer((request) => {
      const from = Number(/=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      if (from === 0) return { status: 200, body: whole };
      const to = Math.min(SIZE, from + 400_000);
      return {
        status: 206,
        headers: { 'content-range': `bytes ${from}-${to - 1}/${SIZE}` },
        body: whole.subarray(from, to),
      };
    });
    expect(sha(await get(server.url, 2_000_000))).toBe(sha(whole.subarray(2_000_000)));
    expect(server.requests).toHaveLength(3);
  });

  it('counts only tries in a row that bring less than 1 MiB', async () => {
    await using steady = await startHttpServer(served, { faults: [cut(1_100_000, 2)] });
    expect(sha(await get(steady.url))).toBe(sha(whole));
    await using hopeless = await startHttpServer(served, { faults: [cut(10)] });
    hopeless.addFault(cut(0, 9));
    await expect(get(hopeless.url)).rejects.toMatchObject({ code: 'CONNECTION_CUT' });
    expect(hopeless.requests).toHaveLength(4);
  });

  it('is taken up again after a silence', async () => {
    await using server = await startHttpServer(served, {
      faults: [{ match: () => true, times: 1, do: { kind: 'stall', afterBytes: 70_000 } }],
    });
    expect(sha(await get(server.url))).toBe(sha(whole));
  });

  it.each(['short', 'endless'] as const)(
    'that is %s is a SIZE_MISMATCH, without another try',
    async (kind) => {
      await using server = await startHttpServer(served, { faults: [{ match: () => true, do: { kind } }] });
      const events: RunEvent[] = [];
      const run: Run = { ...quietRun(), emit: (event) => events.push(event) };
      await expect(get(server.url, 0, { size: SIZE }, run)).rejects.toMatchObject({
        code: 'SIZE_MISMATCH',
        origin: 'source',
        retryable: false,
      });
      expect(events.filter((event) => event.kind === 'retry')).toEqual([]);
    },
  );

  it('of unknown size ends where the server says, and not beyond the limit', async () => {
    await using server = await startHttpServer(served, {
      faults: [{ match: ({ path }) => path === '/endless/b', do: { kind: 'endless' } }],
    });
    expect(sha(await get(server.url, 0, {}))).toBe(sha(whole));
    await expect(get(`${server.url}/endless`, 0, { maxBytes: SIZE + 1 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });

  it('in chunks that ends early is a SIZE_MISMATCH', async () => {
    await using server = await startHttpServer(() => ({
      status: 200,
      body: (async function* () {
        yield whole.subarray(0, 10);
      })(),
    }));
    await expect(get(server.url)).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  it('that changed after the cut is refused, never mixed', async () => {
    let asked = 0;
    await using server = await startHttpServer(
      (request) => rangeReply(request, toContent(whole), { etag: `"v${++asked}"` }),
      { faults: [cut(100)] },
    );
    await expect(get(server.url)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      message: expect.stringContaining('changed while it was being read'),
    });
  });

  it.each([
    ['another offset', 'bytes 5-2999999/3000000', 'PROTOCOL_VIOLATION'],
    ['no Content-Range', undefined, 'PROTOCOL_VIOLATION'],
    ['another size', 'bytes 100-199/200', 'SIZE_MISMATCH'],
  ])('answered with a part of %s is refused', async (_, range, code) => {
    await using server = await startHttpServer(() => ({
      status: 206,
      headers: { ...(range && { 'content-range': range }) },
      body: 'x'.repeat(100),
    }));
    await expect(get(server.url, 100)).rejects.toMatchObject({ code });
  });

  it('that has become shorter than what is here is a SIZE_MISMATCH', async () => {
    await using server = await startHttpServer((request) =>
      rangeReply(request, toContent(whole.subarray(0, 50)), {}),
    );
    await expect(get(server.url, 100)).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
      message: expect.stringContaining('sends 50 bytes'),
    });
  });

  it('gives its connection back when the reader leaves early', async () => {
    await using server = await startHttpServer(served);
    const narrow = createHttpClient({ perHost: 1 });
    for (let i = 0; i < 3; i++)
      for await (const _ of narrow.body({ url: server.url, item: 'blob' }, 0, quietRun())) break;
    expect(server.requests).toHaveLength(3);
    narrow.close();
  });

  it('stops when the run is stopped', async () => {
    await using server = await startHttpServer(served, {
      faults: [{ match: () => true, do: { kind: 'stall', afterBytes: 100 } }],
    });
    const abort = new AbortController();
    const reading = (async () => {
      for await (const _ of createHttpClient().body(
        { url: server.url, item: 'blob' },
        0,
        quietRun(abort.signal),
      ))
        setImmediate(() => abort.abort());
    })();
    await expect(reading).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});
