import { digestOf, type FileContent, type FileName, quietRun, type RunEvent } from '@gapferry/core';
import { makeDirectory, makeFile, memoryMedium, type TestFile } from '@gapferry/core/testing';
import { type S3Server, type S3ServerOptions, startS3Server } from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import {
  memoryUploads,
  openS3Fixture,
  RELEASE,
  type S3Fixture,
  type S3FixtureOptions,
} from '../testing/s3-place.ts';

const run = quietRun();
const MIB = 1 << 20;
const NEXT = { ...RELEASE, version: '1.1.0', sequence: 2, statement: `sha256:${'2'.repeat(64)}` };
const cleanup: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

async function serve(options: S3ServerOptions = { buckets: { plant: {} } }): Promise<S3Server> {
  const server = await startS3Server(options);
  cleanup.push(() => server.close());
  return server;
}

function open(server: S3Server, options: S3FixtureOptions = {}): S3Fixture {
  const fixture = openS3Fixture(server, options);
  cleanup.push(() => fixture.http.close());
  return fixture;
}

/** As the importer does it. */
async function importFiles({ target }: S3Fixture, ...files: readonly TestFile[]): Promise<void> {
  await target.preflight(
    files.flatMap(({ content, name }) => [content, name]),
    run,
  );
  for (const { content, medium } of files)
    if ((await target.inspect(content, run)).state !== 'same') await target.load(content, medium, run);
  await target.readBackAll(
    files.map(({ content }) => content),
    run,
  );
  const names: FileName[] = [];
  for (const { name } of files) {
    const presence = await target.inspect(name, run);
    if (presence.state === 'different') names.push({ ...name, replaces: presence.there });
    if (presence.state === 'absent') names.push(name);
  }
  if (names.length > 0) await target.loadNames(names, memoryMedium([]), run);
}

/** A file of several parts; each byte is its part's number. */
function largeFile(size: number): TestFile {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += MIB) bytes.fill(at / MIB + 1, at, at + MIB);
  const root = { mediaType: 'application/octet-stream', digest: digestOf(bytes), size };
  const base = {
    item: 'images/large.tar',
    path: 'images/large.tar',
    files: [{ path: 'images/large.tar', root }],
  };
  const content: FileContent = { phase: 'content', kind: 'file', ...base };
  return { content, name: { phase: 'name', kind: 'file', ...base }, medium: memoryMedium([bytes]) };
}

function writes(server: S3Server): string[] {
  return server.requests
    .filter(({ method }) => method !== 'GET' && method !== 'HEAD')
    .map(({ url }) => pathIn(url));
}

function pathIn(url: string): string {
  return url.replace(/\?.*/, '');
}

describe('files in a bucket', () => {
  it('lie under the keys of their release, with what proves them, and an index that names them', async () => {
    const server = await serve();
    const fixture = open(server, { policy: { tags: { line: '7 b' } } });
    const [file, directory] = [makeFile('v1'), makeDirectory('v1')];
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
    await expect(importFiles(open(server), makeFile('v1'))).rejects.toThrow('is no index of gapferry');
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

describe('a large file in a bucket', () => {
  const partSize = 5 * MIB;
  const large = largeFile(22 * MIB);
  const isPart =
    (number: number) =>
    ({ method, url }: { method: string; url: string }) =>
      method === 'PUT' && url.includes(`partNumber=${number}&`);

  it('goes in parts and is one object', async () => {
    const server = await serve();
    await importFiles(open(server, { partSize }), large);
    const object = server.object('plant', 'line-a/1.0.0/images/large.tar');
    expect(digestOf(object?.bytes ?? Buffer.alloc(0))).toBe(large.content.files[0]?.root.digest);
    expect(object?.etag).toMatch(/-5"$/);
    expect(server.uploads('plant')).toEqual([]);
  });

  it('of the release before is copied in ranges by a store that copies less at once, also under a key that stays', async () => {
    const mostCopied = 6 * MIB;
    const server = await serve({ buckets: { plant: { mostCopied } } });
    const options = { partSize, mostCopied, policy: { latest: '{channel}/latest/{path}' } };
    await importFiles(open(server, options), large);
    const before = server.requests.length;
    const journal = memoryUploads();
    const next = open(server, { ...options, release: NEXT, journal });
    await importFiles(next, { ...large, medium: memoryMedium([]) });
    for (const key of ['line-a/1.1.0/images/large.tar', 'line-a/latest/images/large.tar']) {
      const object = server.object('plant', key);
      expect(digestOf(object?.bytes ?? Buffer.alloc(0))).toBe(large.content.files[0]?.root.digest);
      expect(object?.metadata['x-amz-meta-gapferry-sequence']).toBe(key.includes('1.1.0') ? '2' : '1');
    }
    const ranges = server.requests
      .slice(before)
      .map(({ headers }) => headers['x-amz-copy-source-range'])
      .filter((range) => range !== undefined);
    expect(ranges).toHaveLength(4);
    expect(ranges).toContain(`bytes=${18 * MIB}-${22 * MIB - 1}`);
    expect(server.uploads('plant')).toEqual([]);
    expect(await journal.read()).toEqual([]);
  });

  it('is sent where what the store could copy is not what the index says, and no copy that fails stays', async () => {
    const server = await serve();
    const options = { partSize, mostCopied: 6 * MIB };
    await importFiles(open(server, options), large);
    const key = 'line-a/1.0.0/images/large.tar';
    server.place('plant', key, Buffer.from('other'));
    const index = Buffer.from(server.object('plant', 'line-a/index.json')?.bytes ?? '').toString();
    const etag = JSON.stringify(server.object('plant', key)?.etag ?? '');
    server.place(
      'plant',
      'line-a/index.json',
      Buffer.from(index.replace(/"etag":"(?:\\"|[^"])*"/, `"etag":${etag}`)),
    );
    await importFiles(open(server, { ...options, release: NEXT }), large);
    const arrived = server.object('plant', 'line-a/1.1.0/images/large.tar')?.bytes ?? Buffer.alloc(0);
    expect(digestOf(arrived)).toBe(large.content.files[0]?.root.digest);
    const third = { ...NEXT, version: '1.2.0', sequence: 3 };
    server.addFault({ match: isPart(3), do: { kind: 'status', status: 403 } });
    await expect(importFiles(open(server, { ...options, release: third }), large)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    expect(server.uploads('plant')).toEqual([]);
  });

  it('is gone on with: parts that are there are not sent again', async () => {
    const server = await serve();
    const journal = memoryUploads();
    server.addFault({ match: isPart(4), do: { kind: 'status', status: 403 } });
    await expect(importFiles(open(server, { partSize, journal }), large)).rejects.toMatchObject({
      code: 'FORBIDDEN',
    });
    const [left] = server.uploads('plant');
    expect(left?.parts).toEqual(expect.arrayContaining([1, 2, 3]));
    server.clearFaults();
    const before = server.requests.length;
    await importFiles(open(server, { partSize, journal }), large);
    const sent = server.requests.slice(before).filter(({ url }) => url.includes('partNumber'));
    expect(sent).toHaveLength(5 - (left?.parts.length ?? 0));
    expect(await journal.read()).toEqual([]);
    expect(server.uploads('plant')).toEqual([]);
  });

  it('is begun anew when its upload is gone, and sent anew where parts are others', async () => {
    const server = await serve();
    const journal = memoryUploads();
    const digest = large.content.files[0]?.root.digest ?? digestOf('');
    const key = 'line-a/1.0.0/images/large.tar';
    await journal.write([{ key, upload: 'gone', digest, partSize }]);
    await importFiles(open(server, { partSize, journal }), large);
    server.take('plant', key);
    const at = { key, item: 'x' };
    const { bucket } = open(server);
    const upload = await bucket.begin(at, { metadata: { 'gapferry-sha256': digest.slice(7) } }, run);
    const bytes = Buffer.alloc(partSize, 9);
    const sha256 = Buffer.from(digestOf(bytes).slice(7), 'hex').toString('base64');
    await bucket.putPart(at, upload, { number: 1, bytes, sha256 }, run);
    await journal.write([{ key, upload, digest, partSize }]);
    await importFiles(open(server, { partSize, journal }), large);
    expect(digestOf(server.object('plant', key)?.bytes ?? Buffer.alloc(0))).toBe(digest);
  });

  it('is given up when the medium is damaged, and nothing of it stays', async () => {
    const server = await serve();
    const { target, journal } = open(server, { partSize });
    const [file] = large.content.files;
    const medium = memoryMedium([Buffer.alloc(22 * MIB)]);
    const wrong: typeof medium = {
      ...medium,
      open: (_blob, inner) => {
        const bytes = Buffer.alloc(22 * MIB, 1);
        const root = { digest: digestOf(bytes), size: bytes.byteLength };
        return memoryMedium([bytes], root.digest).open(root, inner);
      },
    };
    await expect(target.load(large.content, wrong, run)).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect([server.uploads('plant'), await journal.read(), server.keys('plant')]).toEqual([[], [], []]);
    expect(file?.root.size).toBe(22 * MIB);
  });

  it('counts as there when only the last answer was lost', async () => {
    const server = await serve();
    const match = ({ method, url }: { method: string; url: string }): boolean =>
      method === 'POST' && url.includes('uploadId=');
    server.addFault({ match, times: 1, do: { kind: 'lostAnswer' } });
    await importFiles(open(server, { partSize }), large);
    expect(server.object('plant', 'line-a/1.0.0/images/large.tar')?.bytes.byteLength).toBe(22 * MIB);
  });

  it('does not leave behind what another release began', async () => {
    const server = await serve();
    const journal = memoryUploads();
    server.addFault({ match: isPart(2), do: { kind: 'status', status: 403 } });
    await importFiles(open(server, { partSize, journal }), large).catch(() => {});
    expect(server.uploads('plant')).toHaveLength(1);
    await importFiles(open(server, { partSize, journal, release: NEXT }), makeFile('v1'));
    expect([server.uploads('plant'), await journal.read()]).toEqual([[], []]);
  });

  it('tells how far it is', async () => {
    const server = await serve();
    const { target } = open(server, { partSize });
    let told = 0;
    const emit = (event: RunEvent): void => {
      if (event.kind === 'bytes') told += event.bytes;
    };
    await target.load(large.content, large.medium, { signal: run.signal, emit });
    expect(told).toBeGreaterThanOrEqual(22 * MIB);
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
    expect(await fixture.bucket.settings(run)).toEqual({ versioning: true, objectLock: true });
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
