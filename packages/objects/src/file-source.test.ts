import { createHash } from 'node:crypto';
import { type Digest, digestFromHex, quietRun, type RunEvent, type UrlFileWish } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  type Fault,
  memoryBlobStore,
  rangeReply,
  seededBuffer,
  startHttpServer,
  type TestRequest,
  toContent,
} from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { type FileSourceOptions, fileSource } from './file-source.ts';

const SIZE = 2_500_000;
const content = seededBuffer(SIZE, 'file');
const sha256: Digest = digestFromHex(createHash('sha256').update(content).digest('hex'));
const served = (request: TestRequest) => rangeReply(request, toContent(content), { etag: '"1"' });
/** Chunks without a length, also for HEAD. */
const unmeasured = () => ({
  status: 200,
  body: (async function* () {
    yield content;
  })(),
});
const http = createHttpClient({ wait: async () => {}, random: () => 0 });
const isHead = ({ method }: TestRequest) => method === 'HEAD';
const isGet = ({ method }: TestRequest) => method === 'GET';

async function fetchFrom(
  url: string,
  wish: Partial<UrlFileWish> = {},
  store = memoryBlobStore(),
  options: FileSourceOptions = {},
) {
  const source = fileSource(http, options);
  const events: RunEvent[] = [];
  const [pin] = await source.resolve(
    { kind: 'file', url: `${url}/tool`, sha256, as: 'tools/tool', ...wish },
    quietRun(),
  );
  if (pin === undefined) throw new Error('no pin');
  const holding = await source.fetch(pin, store, { ...quietRun(), emit: (event) => events.push(event) });
  if (!('root' in holding)) throw new Error('no single file');
  return { pin, holding, store, events };
}

describe('a file', () => {
  it('is stored under its sha256, by the name it was given', async () => {
    await using server = await startHttpServer(served);
    const { pin, holding, store, events } = await fetchFrom(server.url);
    expect([pin.id, holding.root]).toEqual([
      'tools/tool',
      { mediaType: 'application/octet-stream', digest: sha256, size: SIZE },
    ]);
    expect(Buffer.compare(store.blobs.get(sha256) ?? Buffer.alloc(0), content)).toBe(0);
    expect(events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0)).toBe(SIZE);
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('needs one question when the store has it', async () => {
    await using server = await startHttpServer(served);
    const { store } = await fetchFrom(server.url);
    const { events } = await fetchFrom(server.url, {}, store);
    expect(server.requests.map(({ method }) => method)).toEqual(['HEAD', 'GET', 'HEAD']);
    expect(events.at(-1)).toMatchObject({ kind: 'item-done', outcome: 'reused' });
  });

  it.each([401, 403, 404, 405, 500, 501])('is fetched although HEAD is answered with %d', async (status) => {
    await using server = await startHttpServer(served, {
      faults: [{ match: isHead, do: { kind: 'status', status } }],
    });
    expect((await fetchFrom(server.url)).holding.root.size).toBe(SIZE);
  });

  it('is read twice when the server names no length, and told once', async () => {
    await using server = await startHttpServer(unmeasured);
    const { holding, events } = await fetchFrom(server.url);
    expect(holding.root.size).toBe(SIZE);
    const bodies = server.requests.filter(({ bytesSent }) => bytesSent === SIZE);
    expect(bodies.length).toBeGreaterThanOrEqual(2);
    expect(events.reduce((sum, event) => sum + (event.kind === 'bytes' ? event.bytes : 0), 0)).toBe(SIZE);
  });

  it('is not believed to be empty because HEAD has no body', async () => {
    await using server = await startHttpServer((request) =>
      isHead(request) ? { status: 200, headers: { 'content-length': '0' } } : served(request),
    );
    expect((await fetchFrom(server.url)).holding.root.size).toBe(SIZE);
  });

  it('without end and without length stops at the limit', async () => {
    await using server = await startHttpServer(unmeasured, {
      faults: [{ match: isGet, do: { kind: 'endless' } }],
    });
    await expect(
      fetchFrom(server.url, {}, memoryBlobStore(), { unknownSizeLimit: 5_000_000 }),
    ).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('goes on by Range after a cut', async () => {
    await using server = await startHttpServer(served, {
      faults: [{ match: isGet, times: 1, do: { kind: 'cut', afterBytes: 1_000_000 } }],
    });
    await fetchFrom(server.url);
    expect(server.requests.map(({ headers }) => headers['range'])).toEqual([
      undefined,
      undefined,
      'bytes=1000000-',
    ]);
  });

  it.each([
    ['measured', served],
    ['unmeasured', unmeasured],
  ])('with another sha256 is a DIGEST_MISMATCH that names both (%s)', async (_, handler) => {
    await using server = await startHttpServer(handler);
    const wanted = digestFromHex('ab'.repeat(32));
    const store = memoryBlobStore();
    const failing = fetchFrom(server.url, { sha256: wanted }, store);
    await expect(failing).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringMatching(new RegExp(`tools/tool.*${wanted}.*${sha256}`)),
    });
    expect(store.blobs.size).toBe(0);
  });

  it.each<[string, Fault['do']]>([
    ['is shorter than HEAD said', { kind: 'short' }],
    ['is longer than HEAD said', { kind: 'endless' }],
  ])('that %s is a SIZE_MISMATCH', async (_, action) => {
    await using server = await startHttpServer(served, { faults: [{ match: isGet, do: action }] });
    await expect(fetchFrom(server.url)).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
      message: expect.stringContaining('tools/tool'),
    });
  });

  it.each([
    [404, 'SOURCE_NOT_FOUND'],
    [401, 'UNAUTHORIZED'],
    [503, 'SERVER_ERROR'],
  ])('answered with %d is %s', async (status, code) => {
    await using server = await startHttpServer(served, {
      faults: [{ match: () => true, do: { kind: 'status', status } }],
    });
    await expect(fetchFrom(server.url)).rejects.toMatchObject({
      code,
      message: expect.stringContaining('tools/tool'),
    });
  });

  it('of no bytes is a file too', async () => {
    await using server = await startHttpServer((request) => rangeReply(request, toContent(''), {}));
    const nothing = digestFromHex(createHash('sha256').digest('hex'));
    expect((await fetchFrom(server.url, { sha256: nothing })).holding.root).toMatchObject({
      digest: nothing,
      size: 0,
    });
  });
});
