import {
  type Digest,
  digestOf,
  type FileName,
  type PruneRequest,
  quietRun,
  type RunEvent,
} from '@gapferry/core';
import { makeDirectory, makeFile, type TestFile } from '@gapferry/core/testing';
import {
  isMissing,
  mustRun,
  startWebdavServer,
  type TestWebdavServer,
  temporaryDirectory,
  type WebdavServerOptions,
} from '@gapferry/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { openWebdavFixture } from '../testing/webdav-place.ts';

const run = quietRun();
const cleanup: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of cleanup.splice(0).reverse()) await close();
});

type Fixture = ReturnType<typeof openWebdavFixture>['target'];

async function serve(options: WebdavServerOptions = {}): Promise<TestWebdavServer> {
  const server = await startWebdavServer(options);
  cleanup.push(() => server.close());
  return server;
}

function open(server: TestWebdavServer, options: Parameters<typeof openWebdavFixture>[1] = {}): Fixture {
  const { target, http } = openWebdavFixture(server, options);
  cleanup.push(() => http.close());
  return target;
}

async function load(target: Fixture, { content, name, medium }: TestFile, inner = run): Promise<void> {
  await target.preflight([content, name], inner);
  await target.load(content, medium, inner);
  await target.readBack(content, inner);
  const seen = await target.inspect(name, inner);
  const there: Pick<FileName, 'replaces'> = seen.state === 'different' ? { replaces: seen.there } : {};
  await target.loadNames([{ ...name, ...there }], medium, inner);
}

function release(version: string) {
  const sequence = Number(version.split('.')[0]);
  const statement = `sha256:${String(sequence).repeat(64)}`;
  return { channel: 'line-a', version, sequence, statement } as const;
}

const by =
  (wanted: string) =>
  ({ method }: { readonly method: string }): boolean =>
    method === wanted;
const visible = (server: TestWebdavServer): string[] =>
  [...server.files.keys()].filter((path) => !path.startsWith('.gapferry/')).sort();
/** What was asked since, without what a challenge answered. */
const asked = (server: TestWebdavServer, from = 0): string[] =>
  server.requests
    .slice(from)
    .filter(({ status }) => status !== 401)
    .map(({ method, url }) => `${method} ${url}`);

describe('files at a WebDAV server', () => {
  it('are seen by nobody before the barrier, are read back, and SHA256SUMS comes last', async () => {
    const server = await serve();
    const target = open(server);
    const file = makeDirectory('v1');
    await target.load(file.content, file.medium, run);
    expect(visible(server)).toEqual([]);
    const before = server.requests.length;
    await target.readBack(file.content, run);
    const hidden = '/dav/.gapferry/incoming/line-a';
    expect(asked(server, before).filter((line) => line.startsWith(`GET ${hidden}/`))).toHaveLength(2);
    expect(target.addressOf(file.name)).toBe(`${server.url}/dav/line-a/tools/kit/`);
    await target.load(file.name, file.medium, run);
    const moves = server.requests.filter(({ method }) => method === 'MOVE');
    expect(moves.at(-1)?.headers['destination']).toBe(`${server.url}/dav/line-a/SHA256SUMS`);
    expect(visible(server)).toEqual([
      'line-a/SHA256SUMS',
      'line-a/tools/kit/bin/run',
      'line-a/tools/kit/doc/a',
      'line-a/tools/kit/doc/b',
    ]);
  });

  it.skipIf(isMissing('sha256sum', 'curl'))('are what sha256sum finds when curl got them', async () => {
    const server = await serve();
    await load(open(server), makeDirectory('v1'));
    await using home = await temporaryDirectory();
    for (const path of visible(server))
      await mustRun('curl', ['-sSf', '--create-dirs', '-o', home.join(path), `${server.url}/dav/${path}`]);
    const checked = await mustRun('sha256sum', ['--strict', '-c', 'SHA256SUMS'], {
      cwd: home.join('line-a'),
    });
    expect(checked.match(/: OK$/gm)).toHaveLength(3);
  });

  it('cost seven requests each when they are new', async () => {
    const server = await serve();
    await load(open(server), makeFile('v1'));
    const names = /\/incoming\/line-a\/[0-9a-f]{64}$|\/tools\/setup\.txt$/;
    expect(
      asked(server)
        .filter((line) => names.test(line))
        .map((line) => line.split(' ')[0]),
    ).toEqual(['HEAD', 'HEAD', 'PUT', 'HEAD', 'GET', 'MOVE', 'HEAD']);
  });

  it('are asked for once each when nothing changed, and nothing is changed', async () => {
    const server = await serve();
    const file = makeDirectory('v1');
    await load(open(server), file);
    const before = server.requests.length;
    const target = open(server);
    expect(await target.inspect(file.name, run)).toEqual({ state: 'same' });
    const lines = asked(server, before);
    expect(lines.filter((line) => line.includes('/tools/'))).toHaveLength(3);
    expect(lines.every((line) => /^(?:HEAD|GET|OPTIONS) /.test(line))).toBe(true);
    expect(lines.filter((line) => line.startsWith('GET '))).toEqual([
      'GET /dav/.gapferry/line-a/index.json',
      'GET /dav/line-a/SHA256SUMS',
    ]);
  });

  it('that stand and are changed before the barrier do not pass it', async () => {
    const server = await serve();
    await load(open(server), makeFile('v1'));
    const { content } = makeFile('v1');
    const target = open(server, { release: release('2.0.0') });
    expect(await target.inspect(content, run)).toEqual({ state: 'same' });
    server.files.set('line-a/tools/setup.txt', Buffer.from('vX'));
    await expect(target.readBack(content, run)).rejects.toMatchObject({ code: 'BLOB_MISSING' });
  });

  it('that somebody replaced are read, and are a conflict', async () => {
    const server = await serve();
    await load(open(server), makeFile('v1'));
    server.files.set('line-a/tools/setup.txt', Buffer.from('vX'));
    const target = open(server, { release: release('2.0.0') });
    const { content, name, medium } = makeFile('v2');
    expect(await target.inspect(name, run)).toMatchObject({ state: 'different' });
    await target.load(content, medium, run);
    await expect(target.load(name, medium, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(String(server.files.get('line-a/tools/setup.txt'))).toBe('vX');
  });

  it.each(['class-1', 'nginx'] as const)('replace nothing that came after the plan (%s)', async (like) => {
    const server = await serve({ like });
    const target = open(server);
    const { content, name, medium } = makeFile('v1');
    await target.preflight([content, name], run);
    await target.load(content, medium, run);
    await target.readBack(content, run);
    expect(await target.inspect(name, run)).toMatchObject({ state: 'absent' });
    server.files.set('line-a/tools/setup.txt', Buffer.from('mine'));
    await expect(target.load(name, medium, run)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(String(server.files.get('line-a/tools/setup.txt'))).toBe('mine');
  });

  it('of earlier releases go as the policy says', async () => {
    const server = await serve();
    for (const version of ['1.0.0', '2.0.0', '3.0.0'])
      await load(
        open(server, {
          path: '{channel}/{version}/{path}',
          release: release(version),
          policy: { prune: false, keep: 2 },
        }),
        makeFile(version),
      );
    expect(visible(server).map((path) => path.split('/')[1])).toEqual(['2.0.0', '2.0.0', '3.0.0', '3.0.0']);
  });

  it('are not sent again after a break, and go on after a cut upload', async () => {
    const server = await serve();
    const file = makeFile('v1');
    server.addFault({ match: by('PUT'), do: { kind: 'cutUpload', afterBytes: 1 }, times: 1 });
    await open(server).load(file.content, file.medium, run);
    const before = server.requests.length;
    expect(await open(server).load(file.content, file.medium, run)).toEqual({ state: 'same', bytes: 0 });
    expect(asked(server, before).some((line) => line.startsWith('PUT'))).toBe(false);
  });

  it('arrive although the answer to a move was lost', async () => {
    const server = await serve();
    server.addFault({ match: by('MOVE'), do: { kind: 'lostAnswer' }, times: 1 });
    await load(open(server), makeFile('v1'));
    expect(visible(server)).toEqual(['line-a/SHA256SUMS', 'line-a/tools/setup.txt']);
  });

  it('with spaces, % and umlauts in their names arrive under these', async () => {
    const server = await serve();
    const { content, name, medium } = makeFile('v1');
    const path = 'tools/100 % für #1?.txt'.replace('?', '');
    const named = content.files.map((file) => ({ ...file, path }));
    const at = { item: path, path, files: named };
    await load(open(server), { content: { ...content, ...at }, name: { ...name, ...at }, medium });
    expect(visible(server)).toContain(`line-a/${path}`);
  });
});

describe('a WebDAV server', () => {
  it('gets its credentials, and nobody else does', async () => {
    const auth = { username: 'plant', password: 'Sesam:47' };
    const server = await serve({ auth });
    await load(open(server, { credentials: auth }), makeFile('v1'));
    expect(visible(server)).toHaveLength(2);
    const wrong = open(server, { credentials: { ...auth, password: 'wrong' } });
    const { content, name } = makeFile('v1');
    const refused = wrong.preflight([content, name], run);
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await expect(refused).rejects.not.toThrow('wrong');
  });

  it('that points elsewhere is not followed', async () => {
    const [server, other] = [await serve(), await serve()];
    server.addFault({ match: by('PUT'), do: { kind: 'redirect', to: `${other.url}/dav/x` } });
    const { content, medium } = makeFile('v1');
    await expect(open(server).load(content, medium, run)).rejects.toMatchObject({
      code: 'PROTOCOL_VIOLATION',
    });
    expect(other.requests).toEqual([]);
  });

  it('that is full says so, and nothing of it is seen', async () => {
    const server = await serve({ quota: 1 });
    const { content, medium } = makeFile('v1');
    await expect(open(server).load(content, medium, run)).rejects.toMatchObject({ code: 'NO_SPACE' });
    expect(visible(server)).toEqual([]);
  });

  it('that is full and says no more than 500 is tried again, and then its operator is sent to look', async () => {
    const server = await serve();
    server.addFault({ match: by('PUT'), do: { kind: 'status', status: 500 } });
    const { content, medium } = makeFile('v1');
    await expect(open(server).load(content, medium, run)).rejects.toMatchObject({
      code: 'SERVER_ERROR',
      message: expect.stringMatching(/incoming.*answered 500 to PUT.*tried 4 times/),
      hint: expect.stringContaining('full disk'),
    });
    expect(asked(server).filter((line) => line.startsWith('PUT'))).toHaveLength(4);
  });

  it('where the directory is a file is told so', async () => {
    const server = await serve();
    server.files.set('line-a', Buffer.from('x'));
    await expect(load(open(server), makeFile('v1'))).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
  });
});

describe('a server that takes PUT alone', () => {
  it('gets each release under paths of its own, and the plan says why', async () => {
    const server = await serve({ like: 'put' });
    const events: RunEvent[] = [];
    const target = open(server, { path: '{channel}/{version}/{path}' });
    await load(target, makeDirectory('v1'), { ...run, emit: (event) => void events.push(event) });
    expect(events.find(({ kind }) => kind === 'warning')).toMatchObject({
      message: expect.stringContaining('no MOVE'),
    });
    expect(visible(server)).toHaveLength(4);
    expect(server.requests.filter(({ method }) => method === 'PUT').at(-1)?.url).toBe(
      '/dav/line-a/1.0.0/SHA256SUMS',
    );
  });

  it('is refused where readers would see half of a release', async () => {
    const target = open(await serve({ like: 'put' }), { path: '{channel}/{path}' });
    const { content, name } = makeFile('v1');
    await expect(target.preflight([content, name], run)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  it('has half a file after a break: the next import replaces it, and takes nothing of another’s', async () => {
    const server = await serve({ like: 'put' });
    const path = '{channel}/{version}/{path}';
    const file = makeFile('v1');
    const name = 'line-a/1.0.0/tools/setup.txt';
    server.files.set(name, Buffer.from('v'));
    expect(await open(server, { path }).inspect(file.name, run)).toMatchObject({ state: 'different' });
    server.files.set('.gapferry/line-a/begun', Buffer.from(`${release('1.0.0').statement}\n`));
    await load(open(server, { path }), file);
    expect(String(server.files.get(name))).toBe('v1');
  });
});

describe('a prune of files at a WebDAV server', () => {
  const request = (more: Partial<PruneRequest> = {}): PruneRequest => ({
    channel: 'line-a',
    manifests: [],
    tags: [],
    files: [],
    refs: [],
    needed: new Set(),
    staying: new Map([[2, '2.0.0']]),
    going: new Set([1]),
    unnamed: new Map(),
    contents: [],
    ...more,
  });
  const prune = async (target: Fixture, wanted: PruneRequest): Promise<string[]> => {
    const told: string[] = [];
    for (const step of await target.prunable(wanted, run)) {
      const outcome = await target.prune(step, wanted, run);
      told.push(`${new URL(step.place).pathname} ${outcome.state}`);
    }
    return told;
  };

  it('takes the paths of a release that goes, without what somebody put or changed there', async () => {
    const server = await serve();
    const by = (version: string): Fixture =>
      open(server, { path: '{channel}/{version}/{path}', release: release(version) });
    await load(by('1.0.0'), makeDirectory('v1'));
    server.files.set('line-a/1.0.0/theirs.txt', Buffer.from('theirs'));
    const target = by('2.0.0');
    await load(target, makeDirectory('v2'));
    const files = [{ item: 'kit', path: 'tools/kit/', left: { 'tools/kit/doc/a': digestOf('v1') } }];
    const wanted = request({ files });
    expect((await target.gone(wanted, wanted, run)).files).toEqual([]);
    expect(await prune(target, wanted)).toEqual(['/dav/line-a/1.0.0/ removed']);
    expect(visible(server)).toEqual([
      'line-a/1.0.0/theirs.txt',
      'line-a/2.0.0/SHA256SUMS',
      'line-a/2.0.0/tools/kit/bin/run',
      'line-a/2.0.0/tools/kit/doc/a',
      'line-a/2.0.0/tools/kit/doc/b',
    ]);
    expect(await prune(target, wanted)).toEqual([]);
    // The name is that of the release which stays.
    expect((await target.gone(wanted, wanted, run)).files).toEqual([]);
    const other = [{ item: 'old', path: 'tools/old', left: { digest: digestOf('old') } }];
    expect((await target.gone({ ...wanted, files: other }, wanted, run)).files).toEqual(other);
  });

  it('takes single files where paths stay, as they were left', async () => {
    const server = await serve();
    const target = open(server, { release: release('1.0.0') });
    await load(target, makeDirectory('v1'));
    const digestAt = (path: string): Digest => digestOf(server.files.get(path) ?? '');
    const [own, other] = ['line-a/tools/kit/doc/a', 'line-a/tools/kit/doc/b'].map(digestAt);
    const left = { 'tools/kit/doc/a': String(own), 'tools/kit/doc/b': String(other) };
    const wanted = request({ files: [{ item: 'kit', path: 'tools/kit/', left }] });
    const steps = await target.prunable(wanted, run);
    expect(steps).toHaveLength(2);
    server.files.set('line-a/tools/kit/doc/b', Buffer.from('theirs'));
    const states: string[] = [];
    for (const step of steps) states.push((await target.prune(step, wanted, run)).state);
    expect(states).toEqual(['removed', 'stays']);
    expect(visible(server)).not.toContain('line-a/tools/kit/doc/a');
    expect((await target.gone(wanted, wanted, run)).files).toEqual([]);
    server.files.delete('line-a/tools/kit/doc/b');
    expect((await target.gone(wanted, wanted, run)).files).toEqual(wanted.files);
  });

  it('takes what came out of sight and never got a name', async () => {
    const server = await serve();
    const target = open(server);
    const file = makeDirectory('v1');
    await target.load(file.content, file.medium, run);
    const hidden = (): string[] => [...server.files.keys()].filter((path) => path.includes('/incoming/'));
    const [one, other] = [...new Map(file.content.files.map(({ root }) => [root.digest, root])).values()];
    if (one === undefined || other === undefined) throw new Error('no files');
    expect(hidden()).toHaveLength(2);
    expect(await prune(target, request({ contents: [one] }))).toEqual([
      expect.stringMatching(/\/dav\/\.gapferry\/incoming\/line-a\/[0-9a-f]{64} removed$/),
    ]);
    expect(hidden()).toEqual([expect.stringContaining(other.digest.slice(7))]);
  });
});
