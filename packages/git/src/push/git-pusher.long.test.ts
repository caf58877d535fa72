import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { type BlobReader, type GitContent, quietRun } from '@gapferry/core';
import { createHttpClient, type HttpClient, type HttpClientOptions } from '@gapferry/http';
import {
  createRepository,
  gitEnvironment,
  memoryBlobStore,
  mustRun,
  seededBytes,
  startGitServer,
  type TemporaryDirectory,
  type TestGitRepository,
  type TestServer,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGit } from '../git-tool.ts';
import { type GitPusher, type GitPusherOptions, gitPusher } from './git-pusher.ts';

const run = quietRun();
const git = createGit({ environment: gitEnvironment() });
let home: TemporaryDirectory;
let upstream: TestGitRepository;
let server: TestServer;
const clients: HttpClient[] = [];

beforeEach(async () => {
  home = await temporaryDirectory();
  upstream = await createRepository(home.join('upstream'), [
    { message: 'one', files: { 'a.txt': 'one\n' }, annotatedTags: { v1: 'First' } },
    { message: 'two', files: { 'a.txt': 'two\n' } },
  ]);
  await bare('srv/line');
  server = await startGitServer(home.join('srv'), { push: true });
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.close();
  await home.remove();
});

async function bare(path: string): Promise<void> {
  await mustRun('git', ['init', '-q', '--bare', home.join(path)], { env: gitEnvironment() });
}

function pusher(options: Partial<GitPusherOptions> = {}): GitPusher {
  return gitPusher({ git, workDirectory: home.join('work'), wait: async () => {}, ...options });
}

async function bytesOf(seed: string, size: number): Promise<Uint8Array> {
  return Buffer.concat(await Array.fromAsync(seededBytes(size, seed)));
}

function http(options: HttpClientOptions = {}): HttpClient {
  const client = createHttpClient({ onlyHosts: [server.host], wait: async () => {}, ...options });
  clients.push(client);
  return client;
}

/** What the upstream repository is now, as a release has it. */
async function release(): Promise<{ content: GitContent; medium: BlobReader }> {
  const refs = Object.entries(await upstream.refs()).map(([name, oid]) => ({ name, oid }));
  const command = 'git rev-list --objects --all | git pack-objects -q "$0"';
  const name = home.join('all');
  const options = { cwd: upstream.path, env: gitEnvironment() };
  const pack = (await mustRun('sh', ['-c', command, name], options)).trim();
  const medium = memoryBlobStore();
  const bytes = await readFile(`${name}-${pack}.pack`);
  const { digest, size } = await medium.add('application/x-git-pack', bytes, run);
  const item = 'git git.example/line';
  const base = { item, repository: 'git.example/line', objectFormat: 'sha1', refs } as const;
  return {
    content: { phase: 'content', kind: 'git', ...base, packs: [{ digest, size, prerequisites: [] }] },
    medium,
  };
}

async function staged(from: GitPusher): Promise<Awaited<ReturnType<GitPusher['stage']>>> {
  const { content, medium } = await release();
  return await from.stage(content, medium, run);
}

const inRepository = (...args: readonly string[]): Promise<string> =>
  mustRun('git', ['--git-dir', home.join('srv/line'), ...args], { env: gitEnvironment() });

describe.each([
  ['over HTTP', () => `${server.url}/line`, () => pusher()],
  [
    'over HTTP by requests of our own',
    () => `${server.url}/line`,
    () => pusher({ http: http(), manyRefs: 1 }),
  ],
  ['to a path', () => `file://${home.join('srv/line')}`, () => pusher()],
])('pushing %s', (_, url, open) => {
  it('sets branches and annotated tags, and finds them again', async () => {
    const from = open();
    expect(await from.list(url(), run)).toMatchObject({ refs: [] });
    const stage = await staged(from);
    const refs = Object.entries(await upstream.refs()).map(([name, oid]) => ({ name, oid }));
    await stage.push(
      url(),
      refs.map((ref) => ({ ...ref, lease: {} })),
      run,
    );
    expect((await from.list(url(), run))?.refs.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual(
      refs,
    );
    await inRepository('fsck', '--full', '--strict');
  });

  it('sets nothing when one of the leases does not hold', async () => {
    const from = open();
    const stage = await staged(from);
    const { 'refs/heads/main': main = '', 'refs/tags/v1': v1 = '' } = await upstream.refs();
    const first = (await upstream.git('rev-parse', 'main~1')).trim();
    await stage.push(url(), [{ name: 'refs/heads/main', oid: first, lease: {} }], run);
    // It would be a fast-forward: only the lease is against it.
    const moved = stage.push(
      url(),
      [
        { name: 'refs/tags/v1', oid: v1, lease: {} },
        { name: 'refs/heads/main', oid: main, lease: {} },
      ],
      run,
    );
    await expect(moved).rejects.toMatchObject({ code: 'TARGET_CONFLICT', origin: 'target' });
    await expect(moved).rejects.toThrow('refs/heads/main');
    expect((await from.list(url(), run))?.refs).toEqual([{ name: 'refs/heads/main', oid: first }]);
  });

  it('says that a repository lets nothing be forced, which is no change of somebody else', async () => {
    const from = open();
    const stage = await staged(from);
    const { 'refs/heads/main': main = '' } = await upstream.refs();
    const first = (await upstream.git('rev-parse', 'main~1')).trim();
    await stage.push(url(), [{ name: 'refs/heads/main', oid: main, lease: {} }], run);
    await inRepository('config', 'receive.denyNonFastForwards', 'true');
    const forced = stage.push(url(), [{ name: 'refs/heads/main', oid: first, lease: { oid: main } }], run);
    await expect(forced).rejects.toMatchObject({ code: 'FORBIDDEN', origin: 'target' });
    await expect(forced).rejects.toThrow('lets no branch be forced');
    expect((await from.list(url(), run))?.refs).toEqual([{ name: 'refs/heads/main', oid: main }]);
  });

  it('forces, keeps what stood there and deletes, all in one push', async () => {
    const from = open();
    const stage = await staged(from);
    const { 'refs/heads/main': main = '' } = await upstream.refs();
    const first = (await upstream.git('rev-parse', 'main~1')).trim();
    await stage.push(
      url(),
      [
        { name: 'refs/heads/main', oid: main, lease: {} },
        { name: 'refs/heads/old', oid: first, lease: {} },
      ],
      run,
    );
    await stage.push(
      url(),
      [
        { name: 'refs/heads/main', oid: first, lease: { oid: main } },
        { name: 'refs/gapferry/backup/17/heads/main', oid: main, lease: {} },
        { name: 'refs/heads/old', lease: { oid: first } },
      ],
      run,
    );
    expect(await inRepository('for-each-ref', '--format=%(refname) %(objectname)')).toBe(
      `refs/gapferry/backup/17/heads/main ${main}\nrefs/heads/main ${first}\n`,
    );
  });

  it('brings what somebody else pushed there, so that it can be kept', async () => {
    const from = open();
    const stage = await staged(from);
    const own = await createRepository(home.join('own'), [{ message: 'ours' }]);
    await own.git('push', '-q', home.join('srv/line'), 'main:refs/heads/ours');
    const oid = await own.git('rev-parse', 'main');
    await stage.fetch(url(), [{ name: 'refs/heads/ours', oid }], run);
    expect(await stage.known([oid], run)).toEqual(new Set([oid]));
    const gone = stage.fetch(url(), [{ name: 'refs/heads/ours', oid: '1'.repeat(40) }], run);
    await expect(gone).rejects.toMatchObject({ code: 'TARGET_CONFLICT' });
  });

  it('says that there is no repository', async () => {
    expect(await open().list(`${url()}-nowhere`, run)).toBeUndefined();
  });
});

describe('what is staged', () => {
  it('tells how far one commit is ahead of another, and that it is not', async () => {
    const stage = await staged(pusher());
    const { 'refs/heads/main': main = '' } = await upstream.refs();
    const first = await upstream.git('rev-parse', 'main~1');
    expect(await stage.forward(first, main, run)).toBe(1);
    expect(await stage.forward(main, first, run)).toBeUndefined();
    expect(await stage.forward('2'.repeat(40), first, run)).toBeUndefined();
  });

  it('has one tip where one history reaches everything', async () => {
    const stage = await staged(pusher());
    const refs = await upstream.refs();
    expect(await stage.tips(Object.values(refs), [], run)).toEqual([refs['refs/heads/main']]);
    expect(await stage.tips(Object.values(refs), [refs['refs/heads/main'] ?? ''], run)).toEqual([]);
  });

  it('leaves nothing behind', async () => {
    const stage = await staged(pusher());
    await stage.discard();
    expect(await readdir(home.join('work'))).toEqual([]);
  });
});

describe('a server that takes no large bodies', () => {
  const PREFIX = 'refs/gapferry/incoming/1a2b3c4d/';
  const LIMIT = 60_000;
  const uploads = (): number[] =>
    server.requests.flatMap(({ method, url, status }) =>
      method === 'POST' && url.endsWith('/git-receive-pack') ? [status ?? 0] : [],
    );

  async function limited(bodyLimit: number): Promise<string> {
    await server.close();
    server = await startGitServer(home.join('srv'), { push: true, bodyLimit });
    return `${server.url}/line`;
  }

  /** Ten commits of 20 kB each, and one of 200 kB in many files. */
  async function grow(): Promise<string> {
    for (let i = 0; i < 10; i++)
      await upstream.commit({ message: `${i}`, files: { [`${i}.bin`]: await bytesOf(`${i}`, 20_000) } });
    const files: Record<string, Uint8Array> = {};
    for (let i = 0; i < 20; i++) files[`many/${i % 4}/${i}.bin`] = await bytesOf(`m${i}`, 10_000);
    return await upstream.commit({ message: 'many', files });
  }

  it('gets everything in pieces, cut between commits and inside of one', async () => {
    const url = await limited(LIMIT);
    const tip = await grow();
    const from = pusher();
    const stage = await staged(from);
    const sent = await stage.send(url, { item: 'line', prefix: PREFIX, oids: [tip], have: [] }, run);
    expect(sent).toBeGreaterThan(400_000);
    expect(await inRepository('rev-parse', `${PREFIX}${tip}`)).toBe(`${tip}\n`);
    await inRepository('fsck', '--full', '--strict');
    // Each size that was refused is not tried again.
    expect(uploads().filter((status) => status === 413).length).toBeLessThan(6);
  });

  it('does not send again what arrived before it was stopped', async () => {
    const url = await limited(LIMIT);
    const tip = await grow();
    const stage = await staged(pusher());
    const stop = new AbortController();
    const stopping = {
      signal: stop.signal,
      emit: ({ kind }: { readonly kind: string }) => kind === 'bytes' && stop.abort(),
    };
    const objects = { item: 'line', prefix: PREFIX, oids: [tip] };
    await expect(stage.send(url, { ...objects, have: [] }, stopping)).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    const next = pusher();
    const there = (await next.list(url, run))?.refs ?? [];
    expect(there.length).toBeGreaterThan(0);
    const again = await staged(next);
    const have = there.map(({ oid }) => oid);
    const whole = await again.size([tip], [], run);
    const sent = await again.send(url, { ...objects, have }, run);
    expect(sent).toBeLessThan(whole - 20_000);
    expect(await inRepository('rev-parse', `${PREFIX}${tip}`)).toBe(`${tip}\n`);
  });

  it('says so when one file alone is too large', async () => {
    const url = await limited(LIMIT);
    const tip = await upstream.commit({
      message: 'huge',
      files: { 'huge.bin': await bytesOf('huge', 100_000) },
    });
    const stage = await staged(pusher());
    const sending = stage.send(url, { item: 'line', prefix: PREFIX, oids: [tip], have: [] }, run);
    await expect(sending).rejects.toMatchObject({
      code: 'FORBIDDEN',
      hint: expect.stringContaining('client_max_body_size'),
    });
  });
});

describe('requests of our own', () => {
  const own = (options: HttpClientOptions = {}): GitPusher => pusher({ http: http(options), manyRefs: 1 });
  const pushMain = async (from: GitPusher): Promise<void> => {
    const stage = await staged(from);
    const { 'refs/heads/main': main = '' } = await upstream.refs();
    await stage.push(`${server.url}/line`, [{ name: 'refs/heads/main', oid: main, lease: {} }], run);
  };

  it('tell what a hook of the host says', async () => {
    await mkdir(home.join('srv/line/hooks'), { recursive: true });
    const hook = '#!/bin/sh\necho "main is closed until Monday" >&2\nexit 1\n';
    await writeFile(home.join('srv/line/hooks/pre-receive'), hook, { mode: 0o755 });
    const pushing = pushMain(own());
    await expect(pushing).rejects.toMatchObject({ code: 'FORBIDDEN', origin: 'target' });
    await expect(pushing).rejects.toThrow('main is closed until Monday');
    expect(await inRepository('for-each-ref')).toBe('');
  });

  it('give credentials where they are asked for, and say when they are refused', async () => {
    await server.close();
    server = await startGitServer(home.join('srv'), { push: true, auth: { username: 'u', password: 'p' } });
    const asked = (password: string): HttpClientOptions => ({
      credentials: async () => ({ username: 'u', password }),
    });
    await expect(pushMain(own(asked('Sesam-47')))).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      origin: 'target',
    });
    await pushMain(own(asked('p')));
    expect(await inRepository('for-each-ref', '--format=%(refname)')).toBe('refs/heads/main\n');
  });

  it('lose no word about a body that is too large', async () => {
    server.addFault({ match: ({ method }) => method === 'POST', do: { kind: 'status', status: 413 } });
    await expect(pushMain(own())).rejects.toMatchObject({
      hint: expect.stringContaining('client_max_body_size'),
    });
  });

  it.each([
    ['no Git server', { kind: 'status', status: 200, body: '<html>' }],
    [
      'one that promises more than it sends',
      {
        kind: 'status',
        status: 200,
        headers: { 'content-type': 'application/x-git-receive-pack-advertisement' },
        body: 'ffff# service',
      },
    ],
    [
      'one that cannot do it at once',
      {
        kind: 'status',
        status: 200,
        headers: { 'content-type': 'application/x-git-receive-pack-advertisement' },
        body: '0000',
      },
    ],
  ] as const)('find out %s', async (_, action) => {
    server.addFault({ match: ({ url }) => url.includes('service=git-receive-pack'), do: action });
    await expect(pushMain(own())).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION', origin: 'target' });
  });

  it('do not take an empty answer for a good one', async () => {
    server.addFault({
      match: ({ method }) => method === 'POST',
      do: {
        kind: 'status',
        status: 200,
        headers: { 'content-type': 'application/x-git-receive-pack-result' },
        body: '0000',
      },
    });
    await expect(pushMain(own())).rejects.toMatchObject({ origin: 'target' });
  });
});

describe('bad luck', () => {
  const sendTip = async (from: GitPusher, url = `${server.url}/line`): Promise<number | false> => {
    const stage = await staged(from);
    const { 'refs/heads/main': main = '' } = await upstream.refs();
    return await stage.send(
      url,
      { item: 'line', prefix: 'refs/gapferry/incoming/x/', oids: [main], have: [] },
      run,
    );
  };
  const isUpload = ({ method, path }: { method: string; path: string }): boolean =>
    method === 'POST' && path.endsWith('/git-receive-pack');

  it('pushes again after a lost answer', async () => {
    server.addFault({ match: isUpload, times: 1, do: { kind: 'lostAnswer' } });
    expect(await sendTip(pusher())).toBeGreaterThan(0);
  });

  it('gives up on a server that hangs', async () => {
    server.addFault({ match: isUpload, do: { kind: 'stall' } });
    await expect(sendTip(pusher({ idleTimeoutMs: 300, attempts: 1 }))).rejects.toMatchObject({
      code: 'TIMED_OUT',
      retryable: true,
    });
  });

  it('follows no redirect and takes no credentials there', async () => {
    const asked: string[] = [];
    await using other = await startGitServer(home.join('srv'), { push: true });
    server.addFault({
      match: () => true,
      do: { kind: 'redirect', to: `${other.url}/line/info/refs?service=git-upload-pack` },
    });
    const listing = pusher({
      credentials: async (host) => {
        asked.push(host);
        return { username: 'u', password: 'Sesam-47' };
      },
    }).list(`${server.url}/line`, run);
    await expect(listing).rejects.toMatchObject({ code: 'PROTOCOL_VIOLATION', origin: 'target' });
    expect(other.requests).toEqual([]);
    expect(asked).toEqual([server.host]);
  });

  it('never asks anybody for credentials', async () => {
    await server.close();
    server = await startGitServer(home.join('srv'), { push: true, auth: { username: 'u', password: 'p' } });
    await expect(sendTip(pusher())).rejects.toMatchObject({ code: 'UNAUTHORIZED', origin: 'target' });
    const wrong = pusher({ credentials: async () => ({ username: 'u', password: 'Sesam-47' }) });
    const refused = sendTip(wrong);
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    await refused.catch((error: unknown) => expect(JSON.stringify(error)).not.toContain('Sesam-47'));
    const right = pusher({ credentials: async () => ({ username: 'u', password: 'p' }) });
    expect(await sendTip(right)).toBeGreaterThan(0);
  });

  it('runs no hook of a repository on this machine', async () => {
    await mkdir(home.join('srv/line/hooks'), { recursive: true });
    const hook = `#!/bin/sh\ntouch ${home.join('ran')}\nexit 1\n`;
    for (const name of ['pre-receive', 'update', 'post-receive', 'reference-transaction'])
      await writeFile(home.join('srv/line/hooks', name), hook, { mode: 0o755 });
    expect(await sendTip(pusher(), `file://${home.join('srv/line')}`)).toBeGreaterThan(0);
    expect(await readdir(home.path)).not.toContain('ran');
  });

  it('finds out that a host takes no refs of other names than branches and tags', async () => {
    await inRepository('config', 'receive.hideRefs', 'refs/gapferry');
    expect(await sendTip(pusher())).toBe(false);
  });
});
