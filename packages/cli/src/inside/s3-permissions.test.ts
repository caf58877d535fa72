import { type FileContent, hasPermissions, type Load, type Permission, quietRun } from '@gapferry/core';
import { makeDirectory, makeFile } from '@gapferry/core/testing';
import type { S3Server } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { S3Fixture, S3FixtureOptions } from '../testing/s3-place.ts';
import { memoryUploads } from '../testing/s3-place.ts';
import { importFiles, pathIn, S3Story } from '../testing/s3-story.ts';

const run = quietRun();
const story = new S3Story();
const serve = story.serve.bind(story);
const open = story.open.bind(story);
afterEach(() => story.close());

const file = makeFile('v1');
const large: FileContent = {
  ...file.content,
  files: file.content.files.map((each) => ({ ...each, root: { ...each.root, size: 20 << 20 } })),
};
const LOCKING = { lock: { mode: 'compliance', days: 1 }, legalHold: true, tags: { line: '7' } } as const;

/** Asks as after a survey. */
async function ask(fixture: S3Fixture, ...wanted: readonly Load[]): Promise<readonly Permission[]> {
  expect(hasPermissions(fixture.target)).toBe(true);
  return await fixture.target.permissions(wanted, run);
}

/** `s3:PutObject line-a/index.json: probed` */
const lines = (permissions: readonly Permission[]): string[] =>
  permissions.map(({ action, on, state }) => `${action} ${on.replace('s3://plant', '')}: ${state}`);

async function expectNothing(server: S3Server): Promise<void> {
  expect([server.keys('plant'), server.uploads('plant'), server.versions('plant')]).toEqual([[], [], 0]);
}

describe('permissions in a bucket', () => {
  it('are proven by reading, and probed without anything that could stay', async () => {
    const server = await serve();
    const fixture = open(server);
    expect(lines(await ask(fixture, file.content, file.name))).toEqual([
      's3:ListBucket : proven',
      's3:GetObject /line-a/1.0.0/*: proven',
      's3:GetObject /line-a/index.json: proven',
      's3:PutObject /line-a/1.0.0/*: probed',
      's3:PutObject /line-a/index.json: probed',
    ]);
    const asked = server.requests.map(({ method, url }) => `${method} ${url.replace(/-[0-9a-f-]{36}/, '')}`);
    expect(asked).toEqual([
      'GET /plant?list-type=2&encoding-type=url&prefix=line-a%2F1.0.0%2F',
      'HEAD /plant/line-a/1.0.0/.gapferry-trial',
      'GET /plant/line-a/index.json',
      'PUT /plant/line-a/1.0.0/.gapferry-trial?partNumber=1&uploadId=no-such-upload',
      'PUT /plant/line-a/index.json?partNumber=1&uploadId=no-such-upload',
    ]);
    await expectNothing(server);
    expect(await fixture.journal.read()).toEqual([]);
  });

  it('are those that are needed: for parts, for what an object carries, for copies, for what goes', async () => {
    const server = await serve({ buckets: { plant: { objectLock: true } } });
    const policy = { ...LOCKING, overwrite: 'version', keep: 2, latest: '{channel}/latest/{path}' } as const;
    const fixture = open(server, { policy });
    expect(lines(await ask(fixture, large, file.name))).toEqual([
      's3:ListBucket : proven',
      's3:GetObject /line-a/1.0.0/*: proven',
      's3:GetObject /line-a/index.json: proven',
      's3:GetBucketObjectLockConfiguration : proven',
      's3:GetBucketVersioning : proven',
      's3:AbortMultipartUpload /line-a/1.0.0/*: probed',
      's3:ListMultipartUploadParts /line-a/1.0.0/*: probed',
      's3:PutObject /line-a/1.0.0/*: probed',
      's3:PutObjectTagging /line-a/1.0.0/*: probed',
      's3:PutObjectRetention /line-a/1.0.0/*: probed',
      's3:PutObjectLegalHold /line-a/1.0.0/*: probed',
      's3:PutObject /line-a/index.json: probed',
      's3:PutObjectTagging /line-a/index.json: probed',
      's3:PutObject /line-a/latest/*: probed',
      's3:PutObjectTagging /line-a/latest/*: probed',
      's3:DeleteObject /line-a/1.0.0/*: unknown',
    ]);
    await expectNothing(server);
    expect(await fixture.journal.read()).toEqual([]);
    const names = await ask(fixture, file.name);
    expect(lines(names).filter((line) => line.includes('1.0.0'))).toEqual([
      's3:GetObject /line-a/1.0.0/*: proven',
      's3:DeleteObject /line-a/1.0.0/*: unknown',
    ]);
  });

  it.each<[string, S3FixtureOptions['policy'], string]>([
    ['s3:ListBucket', {}, ''],
    ['s3:GetObject line-a/1.0.0/*', {}, ''],
    ['s3:GetObject line-a/index.json', {}, ''],
    ['s3:PutObject line-a/1.0.0/*', {}, ''],
    ['s3:PutObject line-a/index.json', {}, ''],
    ['s3:PutObject line-a/latest/*', { latest: '{channel}/latest/{path}' }, ''],
    ['s3:AbortMultipartUpload', {}, ''],
    ['s3:ListMultipartUploadParts', {}, ''],
    ['s3:GetBucketObjectLockConfiguration', LOCKING, ''],
    ['s3:GetBucketVersioning', { overwrite: 'version' }, 'overwrite: version'],
    ['s3:PutObjectTagging line-a/1.0.0/*', LOCKING, 'tags'],
    ['s3:PutObjectTagging line-a/index.json', LOCKING, 'tags'],
    ['s3:PutObjectRetention', LOCKING, 'lock'],
    ['s3:PutObjectLegalHold', LOCKING, 'legalHold'],
    ['s3:DeleteObject', { keep: 2 }, 'keep'],
  ])('show which one lacks: %s', async (denial, policy = {}, member) => {
    const needsLock = policy.lock !== undefined;
    const server = await serve({ buckets: { plant: { objectLock: needsLock } }, denials: [denial] });
    const fixture = open(server, { policy });
    const found = await ask(fixture, large, file.name);
    const [action = '', where] = denial.split(' ');
    const lacking = found.filter(({ state }) => state === 'lacking');
    expect(lacking).toEqual([
      {
        action,
        on: expect.stringContaining(where ?? 's3://plant'),
        state: 'lacking',
        remedy: expect.stringContaining(member === '' ? 'these permissions' : `take \`${member}\` out`),
      },
    ]);
    await expectNothing(server);
    expect(await fixture.journal.read()).toEqual([]);
  });

  it('that lack together are told together, and what hangs on them is unknown', async () => {
    const denials = ['s3:PutObject', 's3:PutObjectRetention', 's3:PutObjectTagging', 's3:ListBucket'];
    const server = await serve({ buckets: { plant: { objectLock: true } }, denials });
    const states = lines(await ask(open(server, { policy: LOCKING }), file.content));
    expect(states).toEqual([
      's3:ListBucket : lacking',
      's3:GetObject /line-a/1.0.0/*: unknown',
      's3:GetObject /line-a/index.json: unknown',
      's3:GetBucketObjectLockConfiguration : proven',
      's3:PutObject /line-a/1.0.0/*: lacking',
      's3:PutObjectTagging /line-a/1.0.0/*: unknown',
      's3:PutObjectRetention /line-a/1.0.0/*: unknown',
      's3:PutObjectLegalHold /line-a/1.0.0/*: unknown',
    ]);
    server.denials.delete('s3:PutObject');
    const next = lines(await ask(open(server, { policy: LOCKING }), file.content));
    expect(next.filter((line) => line.includes('PutObject'))).toEqual([
      's3:PutObject /line-a/1.0.0/*: probed',
      's3:PutObjectTagging /line-a/1.0.0/*: lacking',
      's3:PutObjectRetention /line-a/1.0.0/*: lacking',
      's3:PutObjectLegalHold /line-a/1.0.0/*: probed',
    ]);
  });

  it('are no obstacle where small files can go without them', async () => {
    const denials = ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts', 's3:GetBucketVersioning'];
    const server = await serve({ buckets: { plant: {} }, denials });
    const fixture = open(server, { policy: { tags: { line: '7' }, keep: 2 } });
    const found = await ask(fixture, file.content, file.name);
    expect(found.filter(({ state }) => state === 'unknown')).toEqual([
      expect.objectContaining({
        action: 's3:PutObjectTagging',
        reason: 'it cannot be tried without s3:AbortMultipartUpload',
      }),
      expect.objectContaining({ action: 's3:PutObjectTagging' }),
      expect.objectContaining({
        action: 's3:DeleteObject',
        reason: expect.stringContaining('s3:GetBucketVersioning'),
      }),
    ]);
    expect(found.filter(({ state }) => state === 'lacking')).toEqual([]);
    await expectNothing(server);
    await importFiles(fixture, file, makeDirectory('v1'));
  });

  it('are unknown while there is no bucket, that of making it as well', async () => {
    const server = await serve({});
    const policy = { ...LOCKING, create: true };
    const found = await ask(open(server, { policy }), file.content, file.name);
    expect(new Set(found.map(({ state }) => state))).toEqual(new Set(['unknown']));
    expect(lines(found).slice(0, 4)).toEqual([
      's3:CreateBucket : unknown',
      's3:PutBucketObjectLockConfiguration : unknown',
      's3:PutBucketVersioning : unknown',
      's3:ListBucket : unknown',
    ]);
    expect(server.requests.map(({ method }) => method)).toEqual(['GET']);
  });

  it('are unknown of a store that answers otherwise', async () => {
    const server = await serve();
    const isPart = ({ url }: { readonly url: string }): boolean => url.includes('partNumber');
    server.addFault({ match: isPart, do: { kind: 'status', status: 501 } });
    const found = await ask(open(server), file.content);
    expect(found.at(-1)).toMatchObject({ action: 's3:PutObject', state: 'unknown' });
  });
});

describe('an upload that was only begun on trial', () => {
  const policy = { tags: { line: '7' } };
  const isBegin = ({ method, url }: { readonly method: string; readonly url: string }): boolean =>
    method === 'POST' && pathIn(url) !== url;

  it.each([
    ['before its id was heard', isBegin, { kind: 'lostAnswer' }],
    [
      'before it was aborted',
      ({ method, url }: { readonly method: string; readonly url: string }) =>
        method === 'DELETE' && !url.includes('no-such-upload'),
      { kind: 'status', status: 500 },
    ],
  ] as const)('and left behind %s is taken away by the next who asks', async (_, match, fault) => {
    const server = await serve({ buckets: { plant: { versioning: true } } });
    const journal = memoryUploads();
    server.addFault({ match, do: fault });
    await expect(ask(open(server, { policy, journal }), file.content)).rejects.toBeDefined();
    expect(server.uploads('plant').length).toBeGreaterThan(0);
    expect(await journal.read()).toHaveLength(1);
    server.clearFaults();
    await ask(open(server, { policy, journal }), file.content);
    await expectNothing(server);
    expect(await journal.read()).toEqual([]);
  });

  it('is not looked for in a store that knows of no uploads', async () => {
    const server = await serve();
    const journal = memoryUploads();
    const isUploads = ({ url }: { readonly url: string }): boolean => /[?&]uploads/.test(url);
    server.addFault({ match: isUploads, do: { kind: 'status', status: 501 } });
    for (let i = 0; i < 2; i++) {
      const found = await ask(open(server, { policy, journal }), file.content);
      expect(found.at(-1)).toMatchObject({ action: 's3:PutObjectTagging', state: 'unknown' });
      expect(await journal.read()).toEqual([]);
    }
    await journal.write([{ key: 'line-a/1.0.0/.gapferry-trial-1' }]);
    await ask(open(server, { policy, journal }), file.content);
    expect(await journal.read()).toEqual([]);
  });

  it('is taken away at the end of an import, too, and nobody else’s with it', async () => {
    const server = await serve();
    const journal = memoryUploads();
    const fixture = open(server, { policy, journal });
    const mine = { key: 'line-a/1.0.0/.gapferry-trial-1', item: 'x' };
    const others = { key: 'line-a/1.0.0/.gapferry-trial-10', item: 'x' };
    for (const at of [mine, others]) await fixture.bucket.begin(at, {}, run);
    await journal.write([{ key: mine.key }]);
    await importFiles(fixture, file);
    expect(server.uploads('plant').map(({ key }) => key)).toEqual([others.key]);
    expect(await journal.read()).toEqual([]);
  });

  it('that nobody may look for is left to the store, with a warning', async () => {
    const server = await serve({
      buckets: { plant: {} },
      denials: ['s3:ListBucketMultipartUploads'],
    });
    const journal = memoryUploads();
    await journal.write([{ key: 'line-a/1.0.0/.gapferry-trial-1' }]);
    const warned: string[] = [];
    const heard = {
      ...run,
      emit: (event: { kind: string; message?: string }) => {
        if (event.kind === 'warning') warned.push(event.message ?? '');
      },
    };
    await open(server, { policy, journal }).target.permissions([file.content], heard);
    expect(warned).toEqual([expect.stringContaining('.gapferry-trial-1')]);
    expect(await journal.read()).toEqual([]);
  });
});
