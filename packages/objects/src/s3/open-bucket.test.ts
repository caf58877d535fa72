import { digestOf, quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { type S3Server, type S3ServerOptions, startS3Server } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { type OpenBucketOptions, openBucket } from './open-bucket.ts';
import type { ListedObject, ObjectBody, S3Bucket } from './s3-bucket.ts';

const run = quietRun();
const cleanup: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

async function open(
  options: S3ServerOptions = { buckets: { plant: {} } },
  more: Partial<OpenBucketOptions> = {},
): Promise<{ bucket: S3Bucket; server: S3Server }> {
  const server = await startS3Server(options);
  const http = createHttpClient({ onlyHosts: [server.host], wait: async () => {} });
  cleanup.push(
    () => server.close(),
    () => http.close(),
  );
  const credentials = { accessKeyId: server.accessKey, secretAccessKey: server.secretKey };
  const place = { endpoint: server.url, bucket: 'plant', region: 'us-east-1', pathStyle: true, credentials };
  return { server, bucket: openBucket(http, { ...place, wait: async () => {}, ...more }) };
}

function body(text: string): ObjectBody {
  const bytes = Buffer.from(text);
  const open = async function* (): AsyncIterable<Uint8Array> {
    yield bytes;
  };
  return { digest: digestOf(bytes), size: bytes.byteLength, open };
}

async function listed(bucket: S3Bucket, prefix = ''): Promise<ListedObject[]> {
  return await Array.fromAsync(bucket.list(prefix, run));
}

const at = (key: string) => ({ key, item: 'x' });

describe('a bucket', () => {
  it('signs anew where it goes on with an object: signatures get old while it is read', async () => {
    let hour = 0;
    const now = () => new Date(Date.UTC(2026, 0, 5, hour++));
    const { bucket, server } = await open({ buckets: { plant: {} } }, { now });
    server.place('plant', 'a', Buffer.alloc(100_000));
    server.addFault({ match: () => true, times: 1, do: { kind: 'cut', afterBytes: 50_000 } });
    await Array.fromAsync(bucket.open({ ...at('a'), size: 100_000 }, 0, run)).catch(() => {});
    const [first, next] = server.requests.map(({ headers }) => headers['x-amz-date']);
    expect([first === undefined, first === next]).toEqual([false, false]);
  });

  it('gives back what was put there, under any key, with what was said of it', async () => {
    const { bucket } = await open();
    const key = "a b/ü'()!*+&=%/x.txt";
    const stored = await bucket.put(
      at(key),
      body('hello'),
      { metadata: { own: '1' }, contentType: 'text/plain' },
      run,
    );
    expect(await bucket.head(at(key), run)).toMatchObject({
      size: 5,
      etag: stored.etag,
      metadata: new Map([['own', '1']]),
    });
    expect(Buffer.from((await bucket.read(at(key), 10, run))?.bytes ?? '').toString()).toBe('hello');
    expect(await listed(bucket)).toEqual([{ key, size: 5, etag: stored.etag }]);
    const rest = await Array.fromAsync(bucket.open({ ...at(key), size: 5 }, 2, run));
    expect(Buffer.concat(rest).toString()).toBe('llo');
    await bucket.remove(at(key), run);
    await bucket.remove(at(key), run);
    expect([
      await bucket.head(at(key), run),
      await bucket.read(at(key), 10, run),
      await listed(bucket),
    ]).toEqual([undefined, undefined, []]);
  });

  it('is listed page by page, below a prefix alone', async () => {
    const { bucket, server } = await open();
    for (let i = 0; i < 2100; i += 1)
      server.place('plant', `many/${String(i).padStart(5, '0')}`, Buffer.from('x'));
    server.place('plant', 'other', Buffer.from('x'));
    expect((await listed(bucket, 'many/')).map(({ key }) => key)).toHaveLength(2100);
    expect(server.requests).toHaveLength(3);
  });

  it('stands in the name of the host where the store wants it', async () => {
    const server = await startS3Server({ buckets: { plant: {} }, domain: 's3.test' });
    const host = 'plant.s3.test';
    const connectTo = new Map([[`${host}:80`, server.host]]);
    const http = createHttpClient({ onlyHosts: [host], insecure: [host], connectTo });
    cleanup.push(
      () => server.close(),
      () => http.close(),
    );
    const credentials = { accessKeyId: server.accessKey, secretAccessKey: server.secretKey };
    const place = { endpoint: 'http://s3.test', bucket: 'plant', region: 'us-east-1', pathStyle: false };
    const bucket = openBucket(http, { ...place, credentials });
    const stored = await bucket.put(at('a b/c'), body('one'), {}, run);
    await bucket.copy({ key: 'a b/c', etag: stored.etag }, at('copy'), {}, run);
    const id = await bucket.begin(at('large'), {}, run);
    expect([await bucket.uploads(at('large'), run), await bucket.versioning(run)]).toEqual([[id], 'never']);
    expect((await listed(bucket)).map(({ key }) => key)).toEqual(['a b/c', 'copy']);
    expect(new Set(server.requests.map(({ headers }) => headers['host']))).toEqual(new Set([host]));
    expect(server.requests.map(({ url }) => url).slice(0, 3)).toEqual([
      '/a%20b/c',
      '/copy',
      '/large?uploads=',
    ]);
  });

  it('that belongs to somebody else is not made', async () => {
    const { bucket, server } = await open({});
    const body = '<Error><Code>BucketAlreadyExists</Code><Message>not yours</Message></Error>';
    server.addFault({ match: () => true, do: { kind: 'status', status: 409, body } });
    await expect(bucket.create({ objectLock: false, versioning: false }, run)).rejects.toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('somebody else'),
    });
  });

  it('tells uploads to one key that were not ended, and of no other', async () => {
    const { bucket, server } = await open();
    const key = 'line a/ü.tar';
    const ids = [await bucket.begin(at(key), {}, run), await bucket.begin(at(key), {}, run)];
    await bucket.begin(at(`${key}.sig`), {}, run);
    expect((await bucket.uploads(at(key), run)).toSorted()).toEqual(ids.toSorted());
    await bucket.abort(at(key), ids[0] ?? '', run);
    expect(await bucket.uploads(at(key), run)).toEqual(ids.slice(1));
    const listed = '<Upload><Key>line+a/%C3%BC.tar</Key><UploadId>1</UploadId></Upload>';
    const more = '<IsTruncated>true</IsTruncated><NextKeyMarker>line+a/%C3%BC.tar</NextKeyMarker>';
    const body = `<ListMultipartUploadsResult>${more}${listed}</ListMultipartUploadsResult>`;
    server.addFault({ match: () => true, do: { kind: 'status', status: 200, body } });
    await expect(bucket.uploads(at(key), run)).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
  });

  it('that turns pages in a circle is left', async () => {
    const { bucket, server } = await open();
    const page =
      '<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>1</NextContinuationToken></ListBucketResult>';
    server.addFault({ match: () => true, do: { kind: 'status', status: 200, body: page } });
    await expect(listed(bucket)).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    expect(server.requests).toHaveLength(2);
  });

  it('keeps nothing that is not what it should be', async () => {
    const { bucket, server } = await open();
    const wrong = { ...body('hello'), digest: digestOf('other') };
    await expect(bucket.put(at('a'), wrong, {}, run)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(server.keys('plant')).toEqual([]);
  });

  it('puts only where the condition holds', async () => {
    const { bucket } = await open();
    const { etag } = await bucket.put(at('a'), body('1'), { ifMatch: 'none' }, run);
    for (const ifMatch of ['none', '"other"'] as const)
      await expect(bucket.put(at('a'), body('2'), { ifMatch }, run)).rejects.toMatchObject({
        code: 'TARGET_CONFLICT',
      });
    await bucket.put(at('a'), body('2'), { ifMatch: etag }, run);
    await expect(bucket.copy({ key: 'a', etag }, at('b'), {}, run)).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
    });
  });

  it('believes an answer that begins well and ends as an error to be one', async () => {
    const { bucket, server } = await open();
    const upload = await bucket.begin(at('a'), {}, run);
    server.addFault({
      match: ({ method }) => method === 'POST',
      do: {
        kind: 'status',
        status: 200,
        body: '  \n<Error><Code>InternalError</Code><Message>later</Message></Error>',
      },
    });
    await expect(bucket.complete(at('a'), upload, [], run)).rejects.toMatchObject({ code: 'SERVER_ERROR' });
    expect(server.requests.filter(({ url }) => url.includes('uploadId'))).toHaveLength(4);
  });

  it.each(['a/../b', '../a', 'a/.', './a'])(
    'does not ask for the key %s, which would be another',
    async (key) => {
      const { bucket, server } = await open();
      await expect(bucket.head(at(key), run)).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
      expect(server.requests).toEqual([]);
    },
  );

  it.each([
    [20, 'UNAUTHORIZED', '20 min apart'],
    [0, 'FORBIDDEN', 'do not allow it'],
  ])('that refuses HEAD is judged by its clock: %i minutes', async (minutes, code, says) => {
    const now = (): Date => new Date(Date.UTC(2026, 0, 5, 12));
    const { bucket, server } = await open(
      { buckets: { plant: {} }, now },
      { now: () => new Date(now().getTime() + minutes * 60_000) },
    );
    server.addFault({
      match: ({ method }) => method === 'HEAD',
      do: { kind: 'status', status: 403, headers: { date: now().toUTCString() } },
    });
    await expect(bucket.head(at('a'), run)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(says),
    });
  });

  it('refuses wrong keys with words that do not repeat them', async () => {
    const wrong = { accessKeyId: 'plant', secretAccessKey: 'Sesam-oeffne-dich-50' };
    const { bucket } = await open(undefined, { credentials: wrong });
    const refused = listed(bucket);
    await expect(refused).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      data: { s3: 'SignatureDoesNotMatch' },
    });
    await expect(refused).rejects.not.toThrow('Sesam');
  });

  it('is asked for no more than it may say', async () => {
    const { bucket, server } = await open();
    server.place('plant', 'a', Buffer.alloc(1000));
    await expect(bucket.read(at('a'), 999, run)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('that sends us elsewhere is not followed', async () => {
    const { bucket, server } = await open();
    server.addFault({ match: () => true, do: { kind: 'redirect', to: 'http://10.0.0.1/plant' } });
    await expect(listed(bucket)).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    await expect(bucket.put(at('a'), body('1'), {}, run)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
    });
  });
});
