import type { IncomingHttpHeaders } from 'node:http';
import { digestOf, quietRun } from '@gapferry/core';
import { makeDirectory, makeFile, memoryMedium, type TestFile } from '@gapferry/core/testing';
import type { S3Server } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { memoryUploads, type S3FixtureOptions } from '../testing/s3-place.ts';
import { importFiles, NEXT, S3Story } from '../testing/s3-story.ts';

const MIB = 1 << 20;
const run = quietRun();
const story = new S3Story();
const serve = story.serve.bind(story);
const open = story.open.bind(story);
afterEach(() => story.close());

function textOf(server: S3Server, key: string): string {
  return Buffer.from(server.object('plant', key)?.bytes ?? '').toString();
}

/** A file of two parts. */
function largeFile(): TestFile {
  const bytes = Buffer.alloc(6 * MIB, 'x');
  const root = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size: bytes.length };
  const base = { item: 'large.tar', path: 'large.tar', files: [{ path: 'large.tar', root }] };
  return {
    content: { phase: 'content', kind: 'file', ...base },
    name: { phase: 'name', kind: 'file', ...base },
    medium: memoryMedium([bytes]),
  };
}
const partSize = 5 * MIB;
const KEY = 'line-a/1.0.0/large.tar';

describe('the index object', () => {
  it('counts as written when the answer was lost', async () => {
    const server = await serve();
    const match = ({ method, path }: { method: string; path: string }): boolean =>
      method === 'PUT' && path.endsWith('index.json');
    server.addFault({ match, times: 1, do: { kind: 'lostAnswer' } });
    await importFiles(open(server), makeFile('v1'));
    expect(JSON.parse(textOf(server, 'line-a/index.json')).version).toBe('1.0.0');
  });

  it('of two imports at once is that of one of them, and the other one says so', async () => {
    const server = await serve();
    const file = makeFile('v1');
    const results = await Promise.allSettled([
      importFiles(open(server), file),
      importFiles(open(server, { release: NEXT }), makeFile('v2')),
    ]);
    const done = results.filter(({ status }) => status === 'fulfilled');
    const { files } = JSON.parse(textOf(server, 'line-a/index.json'));
    for (const { key, sha256 } of files)
      expect(digestOf(server.object('plant', key)?.bytes ?? Buffer.alloc(0))).toBe(`sha256:${sha256}`);
    expect(done.length).toBeGreaterThan(0);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'TARGET_CONFLICT' });
  });
});

describe('an index that somebody changed', () => {
  it('is tried once, and not for each name again', async () => {
    const server = await serve();
    const { target } = open(server);
    const files = [makeFile('v1'), makeDirectory('v1')];
    await target.preflight(
      files.flatMap(({ content, name }) => [content, name]),
      run,
    );
    for (const { content, medium } of files) await target.load(content, medium, run);
    server.place('plant', 'line-a/index.json', Buffer.from('{}'));
    const names = files.map(({ name }) => name);
    await expect(target.loadNames(names, memoryMedium([]), run)).rejects.toThrow('changed it meanwhile');
    for (const name of names)
      await expect(target.load(name, memoryMedium([]), run)).rejects.toMatchObject({
        code: 'TARGET_CONFLICT',
      });
    const tries = server.requests.filter(({ method, url }) => method === 'PUT' && url.endsWith('index.json'));
    expect(tries).toHaveLength(1);
  });
});

describe('a version that was made twice, with {sequence} in its keys', () => {
  it('is named by the index, and goes when it is not kept', async () => {
    const server = await serve();
    const keys = '{channel}/{sequence}/{path}';
    const again = (sequence: number): typeof NEXT =>
      ({ ...NEXT, sequence, statement: digestOf(`${sequence}`) }) as never;
    for (const sequence of [1, 2, 3])
      await importFiles(open(server, { keys, release: again(sequence) }), makeFile(`v${sequence}`));
    expect(JSON.parse(textOf(server, 'line-a/index.json')).earlier).toEqual([
      { version: '1.1.0', sequence: 2 },
      { version: '1.1.0', sequence: 1 },
    ]);
    await importFiles(open(server, { keys, release: again(4), policy: { keep: 2 } }), makeFile('v4'));
    expect(server.keys('plant')).toEqual([
      'line-a/3/tools/setup.txt',
      'line-a/4/tools/setup.txt',
      'line-a/index.json',
    ]);
  });
});

describe('what somebody puts under a key of the release after it was looked at', () => {
  it('is not replaced by a large file', async () => {
    const server = await serve();
    const journal = memoryUploads();
    const { target } = open(server, { partSize, journal });
    const { content, name, medium } = largeFile();
    await target.preflight([content, name], run);
    server.place('plant', KEY, Buffer.from('theirs'));
    await expect(target.load(content, medium, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(textOf(server, KEY)).toBe('theirs');
    server.take('plant', KEY);
    await importFiles(open(server, { partSize, journal }), largeFile());
    expect(server.uploads('plant')).toEqual([]);
  });

  it('is not replaced by a copy, where the store looks at what is there', async () => {
    const server = await serve({ buckets: { plant: { copiesWhere: true } } });
    await importFiles(open(server), makeFile('v1'));
    const { target } = open(server, { release: NEXT });
    const { content, name, medium } = makeFile('v1');
    await target.preflight([content, name], run);
    server.place('plant', 'line-a/1.1.0/tools/setup.txt', Buffer.from('theirs'));
    await expect(target.load(content, medium, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(textOf(server, 'line-a/1.1.0/tools/setup.txt')).toBe('theirs');
  });

  it.each(['before', 'after'])(
    'is not replaced by a copy that stays, put there %s the barrier',
    async (when) => {
      const server = await serve();
      const { target } = open(server, { policy: { latest: '{path}' } });
      const { content, name, medium } = makeFile('v1');
      await target.preflight([content, name], run);
      await target.load(content, medium, run);
      if (when === 'after') await target.readBack(content, run);
      server.place('plant', 'tools/setup.txt', Buffer.from('theirs'));
      if (when === 'before') await target.readBack(content, run);
      await expect(target.load(name, medium, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
      expect(textOf(server, 'tools/setup.txt')).toBe('theirs');
    },
  );
});

describe('the answer that was lost', () => {
  it.each([false, true])('of a copy makes nobody send it (looking first: %s)', async (copiesWhere) => {
    const server = await serve({ buckets: { plant: { copiesWhere } } });
    await importFiles(open(server), makeFile('v1'));
    const match = ({ headers }: { headers: IncomingHttpHeaders }): boolean =>
      headers['x-amz-copy-source'] !== undefined;
    server.addFault({ match, times: 1, do: { kind: 'lostAnswer' } });
    const nothing = { ...makeFile('v1'), medium: memoryMedium([]) };
    await importFiles(open(server, { release: NEXT }), nothing);
    expect(textOf(server, 'line-a/1.1.0/tools/setup.txt')).toBe('v1');
  });

  it('of the end of an upload is found out', async () => {
    const server = await serve();
    const match = ({ method, query }: { method: string; query: URLSearchParams }): boolean =>
      method === 'POST' && query.has('uploadId');
    server.addFault({ match, times: 1, do: { kind: 'lostAnswer' } });
    await importFiles(open(server, { partSize }), largeFile());
    expect(server.uploads('plant')).toEqual([]);
  });

  it('to another import that brings the same large file leaves no upload behind', async () => {
    const server = await serve();
    const [one, other] = [open(server, { partSize }), open(server, { partSize })];
    const file = largeFile();
    for (const { target } of [one, other]) await target.preflight([file.content, file.name], run);
    for (const { target } of [one, other]) await target.load(file.content, file.medium, run);
    expect(server.uploads('plant')).toEqual([]);
  });
});

describe('an upload that broke', () => {
  const atDay = (day: number) => ({ clock: { now: () => new Date(Date.UTC(2030, 0, day)) } });
  const lock = { mode: 'governance', days: 30 } as const;

  /** The end of the first import is refused, and the second one comes to it. */
  async function importTwice(first: S3FixtureOptions, second: S3FixtureOptions): Promise<S3Server> {
    const server = await serve({ buckets: { plant: { objectLock: true } } });
    const journal = memoryUploads();
    server.addFault({
      match: ({ method, query }) => method === 'POST' && query.has('uploadId'),
      times: 1,
      do: { kind: 'status', status: 400 },
    });
    const importOnce = (options: S3FixtureOptions): Promise<void> =>
      importFiles(open(server, { partSize, journal, ...options }), largeFile());
    await expect(importOnce(first)).rejects.toThrow();
    await importOnce(second);
    expect(server.uploads('plant')).toEqual([]);
    return server;
  }
  const partsOf = (server: S3Server): number =>
    server.requests.filter(({ url }) => url.includes('partNumber=')).length;

  it('goes on the next day, with nearly all of its lock', async () => {
    const server = await importTwice({ policy: { lock }, ...atDay(1) }, { policy: { lock }, ...atDay(2) });
    expect([partsOf(server), server.object('plant', KEY)?.lock?.until]).toEqual([
      2,
      new Date(Date.UTC(2030, 0, 31)),
    ]);
  });

  it('begins anew where too little of its lock would be left', async () => {
    const server = await importTwice({ policy: { lock }, ...atDay(1) }, { policy: { lock }, ...atDay(10) });
    expect([partsOf(server), server.object('plant', KEY)?.lock?.until]).toEqual([
      4,
      new Date(Date.UTC(2030, 0, 40)),
    ]);
  });

  it('begins anew where the site wants its objects to be kept otherwise', async () => {
    const server = await importTwice({ policy: {} }, { policy: { lock, tags: { line: '7' } }, ...atDay(1) });
    const { lock: kept, tags } = server.object('plant', KEY) ?? {};
    expect([kept?.mode, tags]).toEqual(['GOVERNANCE', 'line=7']);
  });
});
