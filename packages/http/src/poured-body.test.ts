import { createHash } from 'node:crypto';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quietRun, type RunEvent } from '@gapferry/core';
import {
  type Fault,
  hasBasic,
  makeTlsIdentity,
  rangeReply,
  seededBuffer,
  startHttpServer,
  type TestRequest,
  temporaryDirectory,
  toContent,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { createHttpClient } from './create-http-client.ts';
import type { BodyRequest, HttpClient } from './http-client.ts';

const SIZE = 9_000_001;
const whole = seededBuffer(SIZE, 'large');
const expected = createHash('sha256').update(whole).digest('hex');
const served = (request: TestRequest) => rangeReply(request, toContent(whole), { etag: '"v1"' });
const tls = await makeTlsIdentity(['127.0.0.1', 'upstream.test']);
const impatient = { wait: async () => {}, random: () => 0 };

/** Pours into a new file of which `had` is there already; the digest it says and the one the file has. */
async function pour(
  client: HttpClient,
  request: Partial<BodyRequest>,
  run = quietRun(),
  had = 0,
): Promise<string> {
  await using directory = await temporaryDirectory();
  const path = join(directory.path, 'part');
  await writeFile(path, whole.subarray(0, had));
  const file = await open(path, 'r+');
  try {
    const poured = await client.pour(
      { url: '', item: 'blob', size: SIZE, ...request },
      { fd: file.fd, from: had },
      run,
    );
    if (poured === undefined) return 'not poured';
    expect(poured.size).toBe(SIZE);
    expect(poured.digest).toBe(
      `sha256:${createHash('sha256')
        .update(await readFile(path))
        .digest('hex')}`,
    );
    return poured.digest.slice('sha256:'.length);
  } finally {
    await file.close();
    client.close();
  }
}

const get = (client: HttpClient, url: string): Promise<string> => pour(client, { url: `${url}/large?a=b` });
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
    expect(await pour(client, { url: `${server.url}/large`, scope: 's' })).toBe(expected);
    expect(server.requests.map(({ status }) => status)).toEqual([401, 307]);
    expect(storage.requests.map(({ url, headers }) => [url, headers['authorization']])).toEqual([
      ['/elsewhere?sig=***', undefined],
    ]);
  });

  it('in chunks of unknown number is left to the common way', async () => {
    await using server = await startHttpServer(() => ({ status: 200, body: toContent(whole).open(0) }));
    expect(await get(createHttpClient(), server.url)).toBe('not poured');
    expect(server.requests.map(usesOwnConnection)).toEqual([true, false]);
  });

  it('behind a proxy is left to the common way', async () => {
    await using proxy = await startHttpServer(served);
    const client = createHttpClient({ proxyEnv: { HTTP_PROXY: proxy.url } });
    expect(await get(client, 'http://upstream.test')).toBe('not poured');
  });

  it('of unknown size, or a small one, is left to the common way without a question', async () => {
    await using server = await startHttpServer(served);
    const small = { url: server.url, size: (1 << 20) - 1 };
    expect(await pour(createHttpClient(), small)).toBe('not poured');
    expect(server.requests).toEqual([]);
  });

  it('goes on where the file ends, and asks nobody when all of it is there', async () => {
    await using server = await startHttpServer(served);
    expect(await pour(createHttpClient(), { url: server.url }, quietRun(), 8_000_000)).toBe(expected);
    expect(await pour(createHttpClient(), { url: server.url }, quietRun(), SIZE)).toBe(expected);
    expect(server.requests.map(({ headers }) => headers['range'])).toEqual(['bytes=8000000-']);
  });

  it('drops the beginning that a server without ranges sends again', async () => {
    await using server = await startHttpServer(() => ({
      status: 200,
      headers: { 'content-length': String(SIZE) },
      body: whole,
    }));
    expect(await pour(createHttpClient(), { url: server.url }, quietRun(), 5_000_000)).toBe(expected);
  });

  it('of another size than announced is refused', async () => {
    await using server = await startHttpServer(served);
    await expect(pour(createHttpClient(), { url: server.url, size: SIZE - 1 })).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
  });

  it('that cannot be written ends with the error of the system', async () => {
    await using server = await startHttpServer(served);
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'part');
    await writeFile(path, '');
    const file = await open(path, 'r');
    const client = createHttpClient();
    const poured = client.pour(
      { url: server.url, item: 'blob', size: SIZE },
      { fd: file.fd, from: 0 },
      quietRun(),
    );
    await expect(poured).rejects.toMatchObject({ code: 'EBADF', syscall: 'write' });
    await file.close();
    client.close();
  });

  it('is told as it comes', async () => {
    await using server = await startHttpServer(served);
    const told: number[] = [];
    const run = {
      ...quietRun(),
      emit: (event: RunEvent) => void (event.kind === 'bytes' && told.push(event.bytes)),
    };
    expect(await pour(createHttpClient(), { url: server.url }, run)).toBe(expected);
    expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(SIZE);
    expect(told.length).toBeGreaterThan(1);
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
      faults: [{ match: () => true, do: { kind: 'stall', afterBytes: 2_000_000 } }],
    });
    const run = { ...quietRun(abort.signal), emit: () => abort.abort() };
    await expect(pour(createHttpClient(), { url: server.url }, run)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
  });
});
