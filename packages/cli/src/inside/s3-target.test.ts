import { digestOf, quietRun } from '@gapferry/core';
import { makeDirectory, makeFile, memoryMedium } from '@gapferry/core/testing';
import type { S3Server, S3ServerOptions } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { RELEASE } from '../testing/s3-place.ts';
import { importFiles, NEXT, pathIn, S3Story, writes } from '../testing/s3-story.ts';

const run = quietRun();
const story = new S3Story();
const serve = story.serve.bind(story);
const open = story.open.bind(story);
afterEach(() => story.close());

describe('files in a bucket', () => {
  it('lie under the keys of their release, with what proves them, and an index that names them', async () => {
    const server = await serve();
    const fixture = open(server, { policy: { tags: { line: '7 b' } } });
    const [file, directory] = [makeFile('v1'), makeDirectory('v1')];
    expect([file, directory].map(({ name }) => fixture.target.addressOf(name))).toEqual([
      's3://plant/line-a/1.0.0/tools/setup.txt',
      's3://plant/line-a/1.0.0/tools/kit/',
    ]);
    await importFiles(fixture, file, directory);
    expect(server.keys('plant')).toEqual([
      'line-a/1.0.0/tools/kit/bin/run',
      'line-a/1.0.0/tools/kit/doc/a',
      'line-a/1.0.0/tools/kit/doc/b',
      'line-a/1.0.0/tools/setup.txt',
      'line-a/index.json',
    ]);
    expect(server.object('plant', 'line-a/1.0.0/tools/setup.txt')).toMatchObject({
      contentType: 'text/plain; charset=utf-8',
      tags: 'line=7%20b',
      metadata: {
        'x-amz-meta-gapferry-sha256': digestOf('v1').slice('sha256:'.length),
        'x-amz-meta-gapferry-release': 'line-a/1.0.0',
        'x-amz-meta-gapferry-sequence': '1',
      },
    });
    expect(
      server.object('plant', 'line-a/1.0.0/tools/kit/bin/run')?.metadata['x-amz-meta-gapferry-executable'],
    ).toBe('true');
    const index = JSON.parse(
      Buffer.from(server.object('plant', 'line-a/index.json')?.bytes ?? '').toString(),
    );
    expect(index).toMatchObject({ format: 'gapferry.objects/1', ...RELEASE });
    expect(index.files.map(({ path, key }: { path: string; key: string }) => [path, key])).toContainEqual([
      'tools/setup.txt',
      'line-a/1.0.0/tools/setup.txt',
    ]);
  });

  it('say where they came from, without secrets; what says nothing of that, or something else, is the same', async () => {
    const server = await serve();
    const from = (source: string) => {
      const { content, name, medium } = makeFile('v1');
      return { content: { ...content, source }, name: { ...name, source }, medium };
    };
    await importFiles(open(server), makeFile('v1'));
    const sent = writes(server);
    await importFiles(open(server), from('https://ada:secret@dl.example/setup?sig=1'));
    expect(writes(server)).toEqual(sent);
    const policy = { latest: '{channel}/latest/{path}' };
    await importFiles(open(server, { policy, release: NEXT }), from('https://ada:secret@dl.example/ü?sig=1'));
    for (const key of ['line-a/1.1.0/tools/setup.txt', 'line-a/latest/tools/setup.txt'])
      expect(server.object('plant', key)?.metadata['x-amz-meta-gapferry-source']).toBe(
        'https://dl.example/%C3%BC',
      );
  });

  it('are not written, nor asked for one by one, a second time', async () => {
    const server = await serve();
    await importFiles(open(server), makeFile('v1'), makeDirectory('v1'));
    const before = server.requests.length;
    await importFiles(open(server), makeFile('v1'), makeDirectory('v1'));
    const asked = server.requests.slice(before).map(({ method, url }) => `${method} ${pathIn(url)}`);
    expect(asked).toEqual(['GET /plant', 'GET /plant/line-a/index.json', 'GET /plant']);
  });

  it('are copied by the store where the release before has them', async () => {
    const server = await serve();
    const [file, directory] = [makeFile('v1'), makeDirectory('v1')];
    await importFiles(open(server), file, directory);
    const next = open(server, { release: NEXT });
    await next.target.preflight([directory.content, directory.name], run);
    expect(await next.target.inspect(directory.content, run)).toEqual({ state: 'absent', missingBytes: 0 });
    const nothing = memoryMedium([]);
    expect(await next.target.load(directory.content, nothing, run)).toEqual({ state: 'loaded', bytes: 0 });
    expect(nothing.opened).toEqual([]);
    expect(
      server.object('plant', 'line-a/1.1.0/tools/kit/doc/a')?.metadata['x-amz-meta-gapferry-sequence'],
    ).toBe('2');
  });

  it('of a new release are seen when all of them are there, and the old one stays', async () => {
    const server = await serve();
    await importFiles(open(server), makeFile('v1'));
    const next = open(server, { release: NEXT });
    const file = makeFile('v2');
    await next.target.load(file.content, file.medium, run);
    const index = (): unknown =>
      JSON.parse(Buffer.from(server.object('plant', 'line-a/index.json')?.bytes ?? '').toString()).version;
    expect(index()).toBe('1.0.0');
    await importFiles(next, file);
    expect(index()).toBe('1.1.0');
    expect(server.keys('plant')).toContain('line-a/1.0.0/tools/setup.txt');
  });

  it('are copied under keys that stay, where the site wants it, before the index says so', async () => {
    const server = await serve();
    const policy = { latest: '{channel}/latest/{path}' };
    await importFiles(open(server), makeFile('v1'), makeDirectory('v1'));
    await importFiles(open(server, { policy }), makeFile('v1'), makeDirectory('v1'));
    const latest = (path: string): string =>
      Buffer.from(server.object('plant', `line-a/latest/${path}`)?.bytes ?? '').toString();
    expect([latest('tools/setup.txt'), latest('tools/kit/bin/run')]).toEqual(['v1', 'run v1']);
    const before = writes(server).length;
    await importFiles(open(server, { policy, release: NEXT }), makeFile('v2'), makeDirectory('v1'));
    expect([latest('tools/setup.txt'), latest('tools/kit/bin/run')]).toEqual(['v2', 'run v1']);
    expect(writes(server).slice(before).slice(-2)).toEqual([
      '/plant/line-a/latest/tools/setup.txt',
      '/plant/line-a/index.json',
    ]);
    const asked = server.requests.length;
    await importFiles(open(server, { policy, release: NEXT }), makeFile('v2'), makeDirectory('v1'));
    expect(server.requests.slice(asked).filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('leave alone what is not ours under keys that stay', async () => {
    const server = await serve();
    server.place('plant', 'line-a/latest/tools/setup.txt', Buffer.from('mine'));
    const refused = importFiles(
      open(server, { policy: { latest: '{channel}/latest/{path}' } }),
      makeFile('v1'),
    );
    await expect(refused).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    await expect(refused).rejects.toThrow('line-a/latest/tools/setup.txt');
    const named = { ...RELEASE, version: 'latest' };
    await expect(
      importFiles(
        open(server, { policy: { latest: '{channel}/latest/{path}' }, release: named }),
        makeFile('v1'),
      ),
    ).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
  });

  it('do not take the place of copies that another channel keeps', async () => {
    const server = await serve();
    const policy = { latest: '{path}' };
    await importFiles(open(server, { policy }), makeFile('v1'));
    expect(Buffer.from(server.object('plant', 'tools/setup.txt')?.bytes ?? '').toString()).toBe('v1');
    const other = { ...RELEASE, channel: 'line-b' };
    await expect(importFiles(open(server, { policy, release: other }), makeFile('v2'))).rejects.toThrow(
      'tools/setup.txt',
    );
    await importFiles(open(server, { policy, release: NEXT }), makeFile('v2'));
    expect(Buffer.from(server.object('plant', 'tools/setup.txt')?.bytes ?? '').toString()).toBe('v2');
  });

  it('of releases that are not kept go, after the index says so, and nothing else', async () => {
    const server = await serve();
    const policy = { keep: 2 };
    const release = (sequence: number): typeof RELEASE =>
      ({ ...RELEASE, version: `1.${sequence}.0`, sequence, statement: digestOf(`${sequence}`) }) as never;
    for (const sequence of [1, 2])
      await importFiles(open(server, { policy, release: release(sequence) }), makeFile(`v${sequence}`));
    server.place('plant', 'line-a/1.1.0/mine.txt', Buffer.from('mine'));
    await importFiles(open(server, { policy, release: release(3) }), makeFile('v3'), makeDirectory('v3'));
    expect(server.keys('plant').filter((key) => !key.includes('kit/'))).toEqual([
      'line-a/1.1.0/mine.txt',
      'line-a/1.2.0/tools/setup.txt',
      'line-a/1.3.0/tools/setup.txt',
      'line-a/index.json',
    ]);
    const index = JSON.parse(
      Buffer.from(server.object('plant', 'line-a/index.json')?.bytes ?? '').toString(),
    );
    expect(index.earlier).toEqual([{ version: '1.2.0', sequence: 2 }]);
    const before = server.requests.length;
    await importFiles(open(server, { policy, release: release(3) }), makeFile('v3'), makeDirectory('v3'));
    expect(server.requests.slice(before)).toHaveLength(3);
  });

  it('do not count by our digest alone: the size must be right as well', async () => {
    const server = await serve();
    const metadata = { 'gapferry-sha256': digestOf('v1').slice(7), 'gapferry-release': 'line-a/1.0.0' };
    server.place('plant', 'line-a/1.0.0/tools/setup.txt', Buffer.from('v1 and more'), metadata);
    await expect(importFiles(open(server), makeFile('v1'))).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
    });
  });

  it('are sent where the index object lies about what the store could copy', async () => {
    const server = await serve();
    await importFiles(open(server), makeFile('v1'));
    const key = 'line-a/1.0.0/tools/setup.txt';
    server.place('plant', key, Buffer.from('v9'));
    const index = Buffer.from(server.object('plant', 'line-a/index.json')?.bytes ?? '').toString();
    const etag = server.object('plant', key)?.etag ?? '';
    const lie = index.replace(/"etag":"\\"[0-9a-f]+\\""/, `"etag":${JSON.stringify(etag)}`);
    server.place('plant', 'line-a/index.json', Buffer.from(lie));
    await importFiles(open(server, { release: NEXT }), makeFile('v1'));
    const arrived = server.object('plant', 'line-a/1.1.0/tools/setup.txt')?.bytes ?? '';
    expect(Buffer.from(arrived).toString()).toBe('v1');
  });

  it('that carry no digest of ours are a conflict, unless they may be read and are the same', async () => {
    const server = await serve();
    const file = makeFile('v1');
    server.place('plant', 'line-a/1.0.0/tools/setup.txt', Buffer.from('v1'));
    const refused = importFiles(open(server), file);
    await expect(refused).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    await expect(refused).rejects.toThrow('line-a/1.0.0/tools/setup.txt (not ours)');
    expect(writes(server)).toEqual([]);
    await importFiles(open(server, { policy: { foreign: 'read' } }), file);
    expect(writes(server)).toEqual(['/plant/line-a/index.json']);
    server.place('plant', 'line-a/1.0.0/tools/setup.txt', Buffer.from('v2'));
    await expect(
      importFiles(open(server, { policy: { foreign: 'read', overwrite: 'replace' } }), file),
    ).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
  });

  it('of ours with other bytes are replaced only where the policy says so', async () => {
    const server = await serve({ buckets: { plant: { versioning: true } } });
    await importFiles(open(server), makeFile('v1'));
    const again = { ...RELEASE, sequence: 2, statement: NEXT.statement };
    await expect(importFiles(open(server, { release: again }), makeFile('v2'))).rejects.toMatchObject({
      code: 'TARGET_CONFLICT',
      hint: expect.stringContaining('{sequence}'),
    });
    await importFiles(open(server, { release: again, policy: { overwrite: 'version' } }), makeFile('v2'));
    expect(Buffer.from(server.object('plant', 'line-a/1.0.0/tools/setup.txt')?.bytes ?? '').toString()).toBe(
      'v2',
    );
  });

  it('leave an index alone that is not the channel’s own', async () => {
    const server = await serve();
    server.place('plant', 'line-a/index.json', Buffer.from('{"mine": true}'));
    await expect(importFiles(open(server), makeFile('v1'))).rejects.toMatchObject({
      message: expect.stringContaining('is no index of gapferry'),
      hint: expect.stringContaining('move it away: the next import writes it anew'),
    });
    const keys = 'all/{version}/{path}';
    await importFiles(open(server, { keys }), makeFile('v1'));
    const other = { ...RELEASE, channel: 'line-b', version: '2.0.0' };
    await expect(importFiles(open(server, { keys, release: other }), makeFile('v1'))).rejects.toThrow(
      'belongs to channel line-a',
    );
  });

  it('do not take the place of an index that somebody changed meanwhile', async () => {
    const server = await serve();
    const { target } = open(server);
    const { content, name, medium } = makeFile('v1');
    await target.preflight([content, name], run);
    await target.load(content, medium, run);
    server.place('plant', 'line-a/index.json', Buffer.from('{}'));
    await expect(target.load(name, medium, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
  });

  it('are put again after a lost answer, and found to be their own', async () => {
    const server = await serve();
    const match = ({ method, path }: { method: string; path: string }): boolean =>
      method === 'PUT' && path.endsWith('setup.txt');
    server.addFault({ match, times: 1, do: { kind: 'lostAnswer' } });
    await importFiles(open(server), makeFile('v1'));
    expect(server.keys('plant')).toHaveLength(2);
  });
});

describe('a bucket', () => {
  it('that is not there is made where the site says so, with what its objects need', async () => {
    const server = await serve({ region: 'eu-plant-1' });
    await expect(importFiles(open(server), makeFile('v1'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: expect.stringContaining('create: true'),
    });
    const lock = { mode: 'governance', days: 1 } as const;
    const fixture = open(server, { policy: { create: true, lock, legalHold: true } });
    await importFiles(fixture, makeFile('v1'));
    expect([await fixture.bucket.versioning(run), await fixture.bucket.objectLock(run)]).toEqual([
      'enabled',
      true,
    ]);
    const object = server.object('plant', 'line-a/1.0.0/tools/setup.txt');
    expect(object).toMatchObject({ legalHold: true, lock: { mode: 'GOVERNANCE' } });
    expect(server.object('plant', 'line-a/index.json')?.lock).toBeUndefined();
  });

  it('without object lock is refused before anything is sent where objects are to be locked', async () => {
    const server = await serve({ buckets: { plant: { versioning: true } } });
    const lock = { mode: 'compliance', days: 1 } as const;
    await expect(importFiles(open(server, { policy: { lock } }), makeFile('v1'))).rejects.toThrow(
      'has no object lock',
    );
    expect(writes(server)).toEqual([]);
  });

  it('without versions is refused where what is replaced must stay', async () => {
    const server = await serve();
    await expect(
      importFiles(open(server, { policy: { overwrite: 'version' } }), makeFile('v1')),
    ).rejects.toThrow('keeps no versions');
  });

  it.each([
    ['of somebody else', { buckets: { plant: { foreign: true } } }, {}, 'FORBIDDEN', 'somebody else'],
    ['that nobody may make', { fixed: true }, { policy: { create: true } }, 'FORBIDDEN', 'permission'],
    ['that is full', { buckets: { plant: { quota: 1 } } }, {}, 'NO_SPACE', 'quota'],
  ] as const)('%s ends the import with words that help', async (_, options, more, code, hint) => {
    const server = await serve(options as S3ServerOptions);
    const failed = importFiles(open(server, more), makeFile('v1'));
    await expect(failed).rejects.toMatchObject({
      code,
      hint: expect.stringContaining(hint),
      origin: 'target',
    });
  });

  it('of another region is not found by trying', async () => {
    const server = await serve({ region: 'eu-plant-1', buckets: { plant: {} } });
    const wrong = { ...server, region: 'us-east-1' } as S3Server;
    await expect(importFiles(open(wrong), makeFile('v1'))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      hint: 'write `region: eu-plant-1`',
    });
  });

  it('behind another clock is told both times', async () => {
    const server = await serve({ buckets: { plant: {} }, now: () => new Date('2026-03-01T12:00:00Z') });
    const now = (): Date => new Date('2026-03-01T13:30:00Z');
    await expect(importFiles(open(server, { now }), makeFile('v1'))).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringMatching(
        /2026-03-01T13:30:00.000Z, there 2026-03-01T12:00:00.000Z, 90 min apart/,
      ),
    });
  });

  it('that answers with a web page is no object store', async () => {
    const server = await serve();
    server.addFault({
      match: () => true,
      do: { kind: 'status', status: 200, body: '<!DOCTYPE html><html></html>' },
    });
    await expect(importFiles(open(server), makeFile('v1'))).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
    });
  });

  it('is asked again when it has trouble for a moment', async () => {
    const server = await serve();
    server.addFault({ match: () => true, times: 1, do: { kind: 'status', status: 503 } });
    server.addFault({
      match: ({ method }) => method === 'PUT',
      times: 2,
      do: { kind: 'status', status: 500 },
    });
    await importFiles(open(server), makeFile('v1'));
    expect(server.keys('plant')).toHaveLength(2);
  });
});
