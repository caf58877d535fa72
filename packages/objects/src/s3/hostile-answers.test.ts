import { quietRun } from '@gapferry/core';
import { createHttpClient } from '@gapferry/http';
import { type Fault, type S3Server, type S3ServerOptions, startS3Server } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { openBucket } from './open-bucket.ts';
import type { S3Bucket } from './s3-bucket.ts';

const run = quietRun();
const cleanup: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

async function open(options: S3ServerOptions = {}): Promise<{ bucket: S3Bucket; server: S3Server }> {
  const server = await startS3Server({ buckets: { plant: {} }, ...options });
  const http = createHttpClient({ onlyHosts: [server.host], wait: async () => {} });
  cleanup.push(
    () => server.close(),
    () => http.close(),
  );
  const credentials = { accessKeyId: server.accessKey, secretAccessKey: server.secretKey };
  const place = { endpoint: server.url, bucket: 'plant', region: 'us-east-1', pathStyle: true, credentials };
  const now = options.now === undefined ? {} : { now: options.now };
  return { server, bucket: openBucket(http, { ...place, wait: async () => {}, ...now }) };
}

function page(inner: string): string {
  return `<ListBucketResult>${inner}</ListBucketResult>`;
}

function entry(key: string): string {
  return `<Contents><Key>${key}</Key><Size>1</Size><ETag>"e"</ETag></Contents>`;
}

function answers(body: string, times?: number): Fault {
  return {
    match: () => true,
    ...(times !== undefined && { times }),
    do: { kind: 'status', status: 200, body },
  };
}

/** As the target keeps what is listed. */
async function listed(bucket: S3Bucket, most = 10_000): Promise<number> {
  let count = 0;
  for await (const _ of bucket.list('p/', run)) {
    count += 1;
    if (count > most) throw new Error('it never ends');
  }
  return count;
}

describe('a listing', () => {
  it.each([
    ['says that there is more and not where', page(`${entry('p/a')}<IsTruncated>true</IsTruncated>`)],
    [
      'says that there is more, at nothing',
      page(`${entry('p/a')}<IsTruncated>true</IsTruncated><NextContinuationToken/>`),
    ],
    ['is a web page that is well-formed', '<html><body>Welcome</body></html>'],
    ['is the answer to something else', '<ListAllMyBucketsResult/>'],
    ['has what was not asked for', page(entry('other/a'))],
  ])('that %s is no listing', async (_, body) => {
    const { bucket, server } = await open();
    server.addFault(answers(body));
    await expect(listed(bucket)).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
  });

  it('that turns in a circle of several pages ends', async () => {
    const { bucket, server } = await open();
    for (let i = 0; i < 50; i += 1)
      server.addFault(
        answers(
          page(
            `${entry(`p/${i % 2}`)}<IsTruncated>true</IsTruncated><NextContinuationToken>${i % 2}</NextContinuationToken>`,
          ),
          1,
        ),
      );
    await expect(listed(bucket)).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
    expect(server.requests.length).toBeLessThan(5);
  });

  it('that goes on and has nothing ends', async () => {
    const { bucket, server } = await open();
    for (let i = 0; i < 1100; i += 1)
      server.addFault(
        answers(
          page(`<IsTruncated>true</IsTruncated><NextContinuationToken>${i}</NextContinuationToken>`),
          1,
        ),
      );
    await expect(listed(bucket)).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION' });
  });

  it('is not read beyond what a page of it has', async () => {
    const { bucket, server } = await open();
    server.addFault(answers(page(entry('p/a').repeat(200_000))));
    await expect(listed(bucket)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});

describe('an answer that begins with 200', () => {
  it.each([
    ['AccessDenied', 'FORBIDDEN'],
    ['NoSuchKey', 'SOURCE_NOT_FOUND'],
    ['PreconditionFailed', 'TARGET_CONFLICT'],
    ['SlowDown', 'SERVER_ERROR'],
  ])('and says %s is %s', async (code, expected) => {
    const { bucket, server } = await open();
    server.addFault(answers(`<Error><Code>${code}</Code></Error>`));
    const at = { key: 'b', item: 'x' };
    await expect(bucket.copy({ key: 'a', etag: '"e"' }, at, {}, run)).rejects.toMatchObject({
      code: expected,
    });
    await expect(bucket.complete(at, 'u', [], run)).rejects.toMatchObject({ code: expected });
  });
});

describe('a session token', () => {
  it('does not go along to another host', async () => {
    const elsewhere = await startS3Server({ buckets: { plant: {} } });
    const server = await startS3Server({ buckets: { plant: {} } });
    const http = createHttpClient({ wait: async () => {} });
    cleanup.push(
      () => server.close(),
      () => elsewhere.close(),
      () => http.close(),
    );
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'only-for-one' };
    const place = { endpoint: server.url, bucket: 'plant', region: 'us-east-1', pathStyle: true };
    const bucket = openBucket(http, { ...place, credentials, wait: async () => {} });
    server.addFault({ match: () => true, do: { kind: 'redirect', to: `${elsewhere.url}/plant` } });
    await listed(bucket).catch(() => {});
    await bucket.head({ key: 'a', item: 'x' }, run).catch(() => {});
    expect(elsewhere.requests.length).toBeGreaterThan(0);
    expect(JSON.stringify(elsewhere.requests)).not.toContain('only-for-one');
  });
});
