import { cp, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { digestOf, quietRun, type UrlFileWish } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import {
  memoryBlobStore,
  rangeReply,
  seededBuffer,
  startFileServer,
  startHttpServer,
  startS3Server,
  type TemporaryDirectory,
  type TestServer,
  temporaryDirectory,
  toContent,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FileSourceOptions, fileSource } from './file-source.ts';

const SIZE = 4_000_000;
const CAME = 2_500_000;
const CHUNK = 1 << 20;
const first = seededBuffer(SIZE, 'first');
const second = seededBuffer(SIZE, 'second');
const http = createHttpClient({ wait: async () => {}, random: () => 0 });
let directory: TemporaryDirectory;

beforeEach(async () => {
  directory = await temporaryDirectory();
});
afterEach(() => directory.remove());

const isGet = ({ method }: { readonly method: string }) => method === 'GET';
const wishAt = (url: string): UrlFileWish => ({ kind: 'file', url, as: 'tool', check: 'first-seen' });

function sourceIn(name: string, options: FileSourceOptions = {}) {
  return fileSource(http, { workDirectory: directory.join(name), ...options });
}

/** What a process leaves that is killed when the server has sent `CAME` bytes: a copy of its directory. */
async function killedAt(server: TestServer, wish: UrlFileWish, options: FileSourceOptions = {}) {
  server.addFault({ match: isGet, times: 1, do: { kind: 'stall', afterBytes: CAME } });
  const stop = new AbortController();
  const running = sourceIn('first', options).resolve(wish, { ...quietRun(), signal: stop.signal });
  running.catch(() => {});
  await vi.waitFor(
    async () => {
      const notes = (await readdir(directory.join('first'))).find((name) => name.endsWith('.json')) ?? '';
      expect(await readFile(directory.join('first', notes), 'utf8')).toContain('"size":2');
    },
    { timeout: 10_000, interval: 20 },
  );
  await cp(directory.join('first'), directory.join('left'), { recursive: true });
  stop.abort();
  await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
}

/** Learns the file in what was left, and takes it. */
async function goOn(wish: UrlFileWish, options: FileSourceOptions = {}, name = 'left') {
  const source = sourceIn(name, { wishes: [wish], ...options });
  const [pin] = await source.resolve(wish, quietRun());
  if (pin === undefined || !('sha256' in pin)) throw new Error('no pin');
  const store = memoryBlobStore();
  await source.fetch(pin, store, quietRun());
  expect(digestOf(store.blobs.get(pin.sha256) ?? '')).toBe(pin.sha256);
  expect(await readdir(directory.join(name))).toEqual([]);
  return pin.sha256;
}

const bytesOf = (server: TestServer): number[] =>
  server.requests.filter(isGet).map(({ bytesSent }) => bytesSent);

describe('a file that was being read when the process was killed', () => {
  it('is read on from there: at most a chunk comes twice', async () => {
    await using server = await startFileServer(new Map([['/tool', first]]));
    const wish = wishAt(`${server.url}/tool`);
    await killedAt(server, wish);
    expect(await goOn(wish)).toBe(digestOf(first));
    const [, rest = 0] = bytesOf(server);
    expect(rest).toBeLessThanOrEqual(SIZE - CAME + CHUNK);
    expect(server.requests.at(-1)?.headers).toMatchObject({
      range: expect.stringMatching(/^bytes=2\d{6}-$/),
      'if-range': `"${digestOf(first)}"`,
    });
  });

  it('is read on to the byte after an orderly end', async () => {
    await using server = await startFileServer(new Map([['/tool', first]]));
    const wish = wishAt(`${server.url}/tool`);
    await killedAt(server, wish);
    expect(await goOn(wish, {}, 'first')).toBe(digestOf(first));
    expect(server.requests.at(-1)?.headers['range']).toBe(`bytes=${CAME}-`);
  });

  it('begins again where upstream has another by then, and is never both', async () => {
    await using server = await startFileServer(new Map([['/tool', first]]));
    const wish = wishAt(`${server.url}/tool`);
    await killedAt(server, wish);
    server.files.set('/tool', second);
    expect(await goOn(wish)).toBe(digestOf(second));
  });

  it('begins again where nothing strong says that it is the same', async () => {
    await using server = await startHttpServer((request) =>
      rangeReply(request, toContent(first), { etag: 'W/"1"' }),
    );
    const wish = wishAt(`${server.url}/tool`);
    server.addFault({ match: isGet, times: 1, do: { kind: 'stall', afterBytes: CAME } });
    const stop = new AbortController();
    const running = sourceIn('left').resolve(wish, { ...quietRun(), signal: stop.signal });
    await vi.waitFor(() => expect(bytesOf(server)).toEqual([CAME]), { timeout: 10_000, interval: 20 });
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await readdir(directory.join('left'))).toEqual([]);
    expect(await goOn(wish)).toBe(digestOf(first));
    expect(server.requests.at(-1)?.headers['range']).toBeUndefined();
  });

  it.each<[string, (path: string) => Promise<unknown>]>([
    ['bytes were never written', (path) => truncate(path, 1_000_000)],
    ['bytes are others', (path) => writeFile(path, Buffer.alloc(SIZE))],
    ['notes are of nothing', (path) => writeFile(`${path}.json`, 'null')],
    ['notes were cut', async (path) => truncate(`${path}.json`, 40)],
  ])('begins again where its %s', async (_, spoil) => {
    await using server = await startFileServer(new Map([['/tool', first]]));
    const wish = wishAt(`${server.url}/tool`);
    await killedAt(server, wish);
    const part = (await readdir(directory.join('left'))).find((name) => name.endsWith('.part')) ?? '';
    await spoil(directory.join('left', part));
    expect(await goOn(wish)).toBe(digestOf(first));
    expect(server.requests.at(-1)?.headers['range']).toBeUndefined();
  });

  it('may be an object of a bucket too', async () => {
    await using server = await startS3Server({ buckets: { models: {} } });
    server.place('models', 'tool', first);
    const { url: endpoint, region, accessKey, secretKey } = server;
    const s3 = { endpoint, bucket: 'models', key: 'tool', region };
    const wish: UrlFileWish = { ...wishAt(`${endpoint}/models/tool`), s3 };
    const keys = { credentials: async () => ({ accessKeyId: accessKey, secretAccessKey: secretKey }) };
    await killedAt(server, wish, keys);
    await cp(directory.join('left'), directory.join('again'), { recursive: true });
    expect(await goOn(wish, keys)).toBe(digestOf(first));
    expect(server.requests.at(-1)?.headers['range']).toMatch(/^bytes=2\d{6}-$/);
    server.place('models', 'tool', second.subarray(0, 1_000_000));
    expect(await goOn(wish, keys, 'again')).toBe(digestOf(second.subarray(0, 1_000_000)));
  });
});

describe('a file that was read to find out what it is', () => {
  it('is asked for again where somebody damaged what was kept', async () => {
    await using server = await startFileServer(new Map([['/tool', first]]));
    const wish = wishAt(`${server.url}/tool`);
    const source = sourceIn('left', { wishes: [wish] });
    const [pin] = await source.resolve(wish, quietRun());
    const [body = ''] = await readdir(directory.join('left'));
    await writeFile(directory.join('left', body), Buffer.alloc(SIZE));
    if (pin === undefined) throw new Error('no pin');
    const store = memoryBlobStore();
    await source.fetch(pin, store, quietRun());
    expect(store.blobs.has(digestOf(first))).toBe(true);
  });
});
