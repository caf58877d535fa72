import { createHash } from 'node:crypto';
import { type Bytes, quietRun } from '@gapferry/core';
import {
  type Fault,
  hasBasic,
  makeTlsIdentity,
  rangeReply,
  seededBuffer,
  startHttpServer,
  type TestRequest,
  toContent,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { HttpClient } from './http-client.ts';

const SIZE = 9_000_001;
const whole = seededBuffer(SIZE, 'large');
const expected = createHash('sha256').update(whole).digest('hex');
const served = (request: TestRequest) => rangeReply(request, toContent(whole), { etag: '"v1"' });
const tls = await makeTlsIdentity(['127.0.0.1', 'upstream.test']);
const impatient = { wait: async () => {}, random: () => 0 };

/** Hashes chunk by chunk and keeps none, as a store does. */
async function hash(bytes: Bytes): Promise<string> {
  const sum = createHash('sha256');
  for await (const chunk of bytes) sum.update(chunk);
  return sum.digest('hex');
}

const get = (client: HttpClient, url: string): Promise<string> =>
  hash(client.body({ url: `${url}/large?a=b`, item: 'blob', size: SIZE }, 0, quietRun()));
const usesOwnConnection = ({ headers }: { headers: Readonly<Record<string, unknown>> }): boolean =>
  headers['connection'] === 'close';

describe('a large body', () => {
  it.each([
    ['plain HTTP', undefined],
    ['TLS', tls],
  ])('comes on a connection of its own over %s, and resumes there', async (_, identity) => {
    const cut: Fault = { match: () => true, times: 1, do: { kind: 'cut', afterBytes: 4_000_003 } };
    await using server = await startHttpServer(served, { faults: [cut], ...(identity && { tls: identity }) });
    const client = createHttpClient({ ...impatient, ca: tls.ca });
    expect(await get(client, server.url)).toBe(expected);
    expect(server.requests.map(({ url, headers }) => [url, headers['range'], headers['if-range']])).toEqual([
      ['/large?a=b', undefined, undefined],
      ['/large?a=b', 'bytes=4000003-', '"v1"'],
    ]);
    expect(server.requests.every(usesOwnConnection)).toBe(true);
  });

  it('keeps name and certificate when it is dialled elsewhere', async () => {
    await using server = await startHttpServer(served, { tls });
    const client = createHttpClient({ ca: tls.ca, connectTo: new Map([['upstream.test:443', server.host]]) });
    expect(await get(client, 'https://upstream.test')).toBe(expected);
    expect(server.requests[0]?.headers['host']).toBe('upstream.test');
  });

  it('is not taken from a server whose certificate is not trusted', async () => {
    await using server = await startHttpServer(served, { tls });
    await expect(get(createHttpClient(), server.url)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('certificate'),
    });
    await expect(
      get(
        createHttpClient({ ca: tls.ca, connectTo: new Map([['other.test:443', server.host]]) }),
        'https://other.test',
      ),
    ).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(server.requests).toEqual([]);
    expect(await get(createHttpClient({ insecure: [server.host] }), server.url)).toBe(expected);
  });

  it('follows redirects and answers challenges like any other', async () => {
    const login = { username: 'u', password: 'open sesame' };
    await using storage = await startHttpServer(served);
    await using server = await startHttpServer((request) =>
      hasBasic(request, login)
        ? { status: 307, headers: { location: `${storage.url}/elsewhere?sig=1` } }
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
    );
    const client = createHttpClient({
      credentials: async (host) => (host === server.host ? login : undefined),
    });
    const bytes = client.body(
      { url: `${server.url}/large`, item: 'blob', size: SIZE, scope: 's' },
      0,
      quietRun(),
    );
    expect(await hash(bytes)).toBe(expected);
    expect(server.requests.map(({ status }) => status)).toEqual([401, 307]);
    expect(storage.requests.map(({ url, headers }) => [url, headers['authorization']])).toEqual([
      ['/elsewhere?sig=***', undefined],
    ]);
  });

  it('in chunks of unknown number is asked for again in the common way', async () => {
    await using server = await startHttpServer(() => ({ status: 200, body: toContent(whole).open(0) }));
    const client = createHttpClient();
    expect(await get(client, server.url)).toBe(expected);
    expect(server.requests.map(usesOwnConnection)).toEqual([true, false]);
    client.close();
  });

  it('goes through a proxy in the common way', async () => {
    await using proxy = await startHttpServer(served);
    const client = createHttpClient({ proxyEnv: { HTTP_PROXY: proxy.url } });
    expect(await get(client, 'http://upstream.test')).toBe(expected);
    client.close();
  });

  it('needs no proxy to be unnamed: names without a value are none', async () => {
    await using server = await startHttpServer(served);
    const client = createHttpClient({ proxyEnv: { HTTP_PROXY: undefined, https_proxy: '', NO_PROXY: 'x' } });
    expect(await get(client, server.url)).toBe(expected);
    expect(server.requests.every(usesOwnConnection)).toBe(true);
  });

  it('is UNREACHABLE when nobody listens, and TIMED_OUT when nothing comes', async () => {
    const gone = await startHttpServer(served);
    await gone.close();
    await expect(get(createHttpClient(impatient), gone.url)).rejects.toMatchObject({ code: 'UNREACHABLE' });
    await using silent = await startHttpServer(served, {
      faults: [{ match: () => true, do: { kind: 'stall' } }],
    });
    const client = createHttpClient({ ...impatient, idleTimeoutMs: 30 });
    await expect(get(client, silent.url)).rejects.toMatchObject({ code: 'TIMED_OUT' });
  });

  it('stops when the run is stopped', async () => {
    const abort = new AbortController();
    await using server = await startHttpServer(served, {
      faults: [{ match: () => true, do: { kind: 'stall', afterBytes: 100 } }],
    });
    const bytes = createHttpClient().body(
      { url: server.url, item: 'blob', size: SIZE },
      0,
      quietRun(abort.signal),
    );
    const reading = (async () => {
      for await (const _ of bytes) abort.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });

  it('waits for a reader that is slower than the connection', async () => {
    await using server = await startHttpServer(served);
    const sum = createHash('sha256');
    for await (const chunk of createHttpClient().body(
      { url: server.url, item: 'blob', size: SIZE },
      0,
      quietRun(),
    )) {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      sum.update(chunk);
    }
    expect(sum.digest('hex')).toBe(expected);
  });
});
