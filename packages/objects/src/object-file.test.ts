import { readdir, writeFile } from 'node:fs/promises';
import {
  type BucketDirectoryPin,
  canonicalBytes,
  digestOf,
  type PrefixFileWish,
  quietRun,
  type UrlFileWish,
  wishDigest,
} from '@gapferry/core';
import { describeSource } from '@gapferry/core/testing';
import { createHttpClient } from '@gapferry/http';
import {
  memoryBlobStore,
  type S3Server,
  seededBuffer,
  startS3Server,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FileSourceOptions, fileSource } from './file-source.ts';
import { seenKey } from './resolve-url.ts';

const run = quietRun();
const http = createHttpClient({ wait: async () => {}, random: () => 0 });
const tool = seededBuffer(300_000, 'tool');

function wishAt(
  { url: endpoint, region }: S3Server,
  key: string,
  more: Partial<UrlFileWish> & { readonly version?: string; readonly bucket?: string } = {},
): UrlFileWish {
  const { version, bucket = 'models', ...rest } = more;
  return {
    kind: 'file',
    url: `${endpoint}/${bucket}/${key}`,
    s3: { endpoint, bucket, key, region, ...(version !== undefined && { version }) },
    as: 'models/tool',
    ...rest,
  };
}

const keysOf = ({ accessKey, secretKey }: S3Server): FileSourceOptions => ({
  credentials: async () => ({ accessKeyId: accessKey, secretAccessKey: secretKey }),
});

describeSource('an object of a bucket', async () => {
  const server = await startS3Server({ buckets: { models: {} } });
  server.place('models', 'a/tool', tool);
  const gone = await startS3Server();
  await gone.close();
  const demand = { sha256: digestOf(tool) };
  return {
    source: fileSource(http, keysOf(server)),
    wish: wishAt(server, 'a/tool', demand),
    missing: wishAt(server, 'a/other', demand),
    unreachable: wishAt(gone, 'a/tool', demand),
    makeStore: async () => memoryBlobStore(),
    [Symbol.asyncDispose]: () => server.close(),
  };
});

function prefixAt({ url: endpoint, region }: S3Server, prefix: string): PrefixFileWish {
  return {
    kind: 'file',
    prefix: { endpoint, bucket: 'models', prefix, region },
    as: 'models/all',
    check: 'first-seen',
  };
}

describeSource('a prefix of a bucket', async () => {
  const server = await startS3Server({ buckets: { models: {} } });
  server.place('models', 'a/tool', tool);
  server.place('models', 'a/b/c', Buffer.from('c'));
  server.place('models', 'ab', Buffer.from('beside'));
  const gone = await startS3Server();
  await gone.close();
  const missing = prefixAt(server, 'a/');
  return {
    source: fileSource(http, keysOf(server)),
    wish: prefixAt(server, 'a/'),
    missing: { ...missing, prefix: { ...missing.prefix, bucket: 'none' } },
    unreachable: prefixAt(gone, 'a/'),
    makeStore: async () => memoryBlobStore(),
    [Symbol.asyncDispose]: () => server.close(),
  };
});

describe('an object of a bucket', () => {
  let server: S3Server;
  beforeEach(async () => {
    server = await startS3Server({ buckets: { models: { versioning: true }, theirs: { foreign: true } } });
  });
  afterEach(() => server.close());

  const take = async (wish: UrlFileWish, options: FileSourceOptions = keysOf(server)) => {
    const source = fileSource(http, { wishes: [wish], ...options });
    const [pin] = await source.resolve(wish, run);
    const holding = await source.fetch(pin as never, memoryBlobStore(), run);
    return { pin, holding };
  };

  it('is held against what is demanded, and pinned by its URL and sha256', async () => {
    server.place('models', 'a b/tööl', tool);
    const wish = wishAt(server, 'a b/tööl', { check: 'first-seen' });
    const { pin, holding } = await take(wish);
    expect(pin).toMatchObject({ id: 'models/tool', url: wish.url, sha256: digestOf(tool), size: 300_000 });
    expect(holding).toMatchObject({ root: { digest: digestOf(tool) }, checked: ['first-seen'] });
    await expect(take(wishAt(server, 'a b/tööl', { sha256: digestOf('other') }))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
  });

  it('may be an older version', async () => {
    server.place('models', 'tool', Buffer.from('v1'));
    const version = server.object('models', 'tool')?.id;
    server.place('models', 'tool', Buffer.from('v2'));
    const old = wishAt(server, 'tool', { check: 'first-seen', ...(version !== undefined && { version }) });
    expect((await take(old)).pin).toMatchObject({ sha256: digestOf('v1') });
    expect((await take(wishAt(server, 'tool', { check: 'first-seen' }))).pin).toMatchObject({
      sha256: digestOf('v2'),
    });
  });

  it('is not read again while its ETag is the same', async () => {
    server.place('models', 'tool', tool);
    const values = new Map<string, unknown>();
    const lookups = {
      get: async (name: string) => values.get(name),
      put: async (name: string, value: unknown) => void values.set(name, value),
    };
    const wish = wishAt(server, 'tool', { check: 'first-seen' });
    const source = () => fileSource(http, { ...keysOf(server), lookups });
    await source().resolve(wish, run);
    const before = server.requests.length;
    expect(await source().resolve(wish, run)).toMatchObject([{ sha256: digestOf(tool) }]);
    expect(server.requests.slice(before).map(({ method }) => method)).toEqual(['HEAD']);
    server.place('models', 'tool', Buffer.from('v2'));
    expect(await source().resolve(wish, run)).toMatchObject([{ sha256: digestOf('v2') }]);
  });

  it('that is not there, not ours, or asked for with wrong keys says so', async () => {
    const demand = { check: 'first-seen' } as const;
    await expect(take(wishAt(server, 'tool', demand))).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('no object tool'),
    });
    await expect(take(wishAt(server, 'tool', { ...demand, bucket: 'theirs' }))).rejects.toMatchObject({
      category: 'transport',
    });
    server.place('models', 'tool', tool);
    const wrong: FileSourceOptions = {
      credentials: async () => ({ accessKeyId: server.accessKey, secretAccessKey: 'wrong' }),
    };
    await expect(take(wishAt(server, 'tool', demand), wrong)).rejects.toMatchObject({
      category: 'transport',
    });
    const limited: FileSourceOptions = { ...keysOf(server), unknownSizeLimit: 1000 };
    await expect(take(wishAt(server, 'tool', demand), limited)).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
  });
});

describe('a prefix of a bucket', () => {
  let server: S3Server;
  let options: FileSourceOptions;
  beforeEach(async () => {
    server = await startS3Server({ buckets: { models: {} } });
    const values = new Map<string, unknown>();
    const lookups = {
      get: async (name: string) => values.get(name),
      put: async (name: string, value: unknown) => void values.set(name, value),
    };
    options = { ...keysOf(server), lookups };
  });
  afterEach(() => server.close());
  const put = (key: string, text: string) => server.place('models', key, Buffer.from(text));
  const asked = () => server.requests.map(({ method, url }) => `${method} ${url.replace(/\?.*/, '')}`);

  it('is a directory of everything below it', async () => {
    put('a/b/c', 'c');
    put('a/d', 'd');
    put('a/e/', '');
    put('ab', 'beside');
    const wish = prefixAt(server, 'a/');
    const source = fileSource(http, options);
    const [pin] = await source.resolve(wish, run);
    const store = memoryBlobStore();
    const files = [
      { path: 'b/c', digest: digestOf('c'), size: 1 },
      { path: 'd', digest: digestOf('d'), size: 1 },
    ];
    expect(pin).toEqual({
      kind: 'file',
      id: 'models/all/',
      wish: wishDigest(wish),
      url: `${server.url}/models/a/`,
      files: digestOf(canonicalBytes(files)),
    });
    expect(await source.fetch(pin as never, store, run)).toMatchObject({ files, checked: ['first-seen'] });
    expect(store.blobs.size).toBe(2);
    const before = asked().length;
    // Another day, and everything is in the depot.
    await fileSource(http, { ...options, wishes: [wish] }).fetch(pin as never, store, run);
    expect(asked().slice(before)).toEqual(['GET /models']);
  });

  it('that changed since it was first seen is refused, and so is one that is not what is locked', async () => {
    put('a/d', 'd');
    const wish = prefixAt(server, 'a/');
    const [pin] = (await fileSource(http, options).resolve(wish, run)) as readonly BucketDirectoryPin[];
    if (pin === undefined) throw new Error('no pin');
    put('a/e', 'e');
    const seen = new Map([[seenKey(pin), pin.files]]);
    await expect(fileSource(http, { ...options, seen }).resolve(wish, run)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      hint: expect.stringContaining('--accept models/all/'),
    });
    const locked = fileSource(http, { ...options, wishes: [wish] });
    await expect(locked.fetch(pin, memoryBlobStore(), run)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('the lock says'),
    });
  });

  it.each(['a/../x', 'a/con', 'a//b', 'a/b.', 'a/u\u0308', 'a/D'])(
    'with the key %j is refused',
    async (key) => {
      put('a/d', 'd');
      put(key, 'x');
      await expect(fileSource(http, options).resolve(prefixAt(server, 'a/'), run)).rejects.toMatchObject({
        code: 'NAME_UNSAFE',
      });
    },
  );

  it('is read again where what was kept of it was damaged', async () => {
    put('a/d', 'd');
    const wish = prefixAt(server, 'a/');
    await using directory = await temporaryDirectory();
    const kept = { ...options, wishes: [wish], workDirectory: directory.path };
    const [pin] = await fileSource(http, kept).resolve(wish, run);
    const [name = ''] = (await readdir(directory.path)).filter((file) => file.endsWith('.body'));
    await writeFile(directory.join(name), 'D');
    const store = memoryBlobStore();
    await fileSource(http, kept).fetch(pin as never, store, run);
    expect([...store.blobs.keys()]).toEqual([digestOf('d')]);
    expect((await readdir(directory.path)).filter((file) => file.endsWith('.body'))).toEqual([]);
  });

  it('that lists an object twice is refused', async () => {
    const entry = '<Contents><Key>a/d</Key><Size>1</Size><ETag>"e"</ETag></Contents>';
    const body = `<ListBucketResult>${entry}${entry}</ListBucketResult>`;
    server.addFault({ match: () => true, do: { kind: 'status', status: 200, body } });
    await expect(fileSource(http, options).resolve(prefixAt(server, 'a/'), run)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
      message: expect.stringContaining('a/d twice'),
    });
  });

  it('without objects is refused', async () => {
    put('a/', '');
    await expect(fileSource(http, options).resolve(prefixAt(server, 'a/'), run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
    });
  });
});
