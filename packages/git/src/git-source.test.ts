import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import {
  type GitPin,
  type GitWish,
  isGapferryError,
  quietRun,
  type RunEvent,
  wishDigest,
} from '@gapferry/core';
import {
  createRepository,
  gitServerMissing,
  type MemoryBlobStore,
  memoryBlobStore,
  mustRun,
  startGitServer,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GitSourceOptions, gitSource } from './git-source.ts';
import { createGit, type Git } from './git-tool.ts';

let directory: TemporaryDirectory;
let upstream: TestGitRepository;
let store: MemoryBlobStore;
const run = quietRun();

beforeEach(async () => {
  directory = await temporaryDirectory();
  store = memoryBlobStore();
  upstream = await createRepository(directory.join('srv', 'line-a'), [
    { message: 'one', files: { 'a.txt': 'one\n', 'folder/b.txt': 'b\n' }, tags: ['v1.0'] },
    { message: 'two', files: { 'a.txt': 'two\n' }, annotatedTags: { 'v1.1': 'the second' } },
    { message: 'side', files: { 'c.txt': 'c\n' }, branch: 'feature/c' },
  ]);
  await upstream.git('switch', '--quiet', 'main');
});
afterEach(() => directory.remove());

const source = (options: Partial<GitSourceOptions> = {}) =>
  gitSource({ workDirectory: directory.join('work'), wait: async () => {}, ...options });
const wish = (refs: readonly string[] = [], url = `file://${upstream.path}`): GitWish => ({
  kind: 'git',
  url,
  refs,
});

async function only<T>(pins: Promise<readonly T[]>): Promise<T> {
  const [pin, ...more] = await pins;
  if (pin === undefined || more.length > 0) throw new Error('expected one pin');
  return pin;
}

/** Every object in a pack, asked from git itself. */
async function objectsIn(pack: Uint8Array): Promise<string[]> {
  const check = directory.join(`check-${Math.random()}`);
  await mustRun('git', ['init', '--quiet', '--bare', check]);
  await mustRun('git', ['-C', check, 'index-pack', '--stdin', '--strict'], { input: pack });
  const listed = await mustRun('git', [
    '-C',
    check,
    'cat-file',
    '--batch-all-objects',
    '--batch-check=%(objectname)',
  ]);
  return listed.trim().split('\n').sort();
}

async function objectsReachedBy(...revisions: string[]): Promise<string[]> {
  const listed = await upstream.git('rev-list', '--objects', ...revisions);
  return listed
    .split('\n')
    .map((line) => line.slice(0, 40))
    .sort();
}

describe('resolving a repository', () => {
  it('pins every branch and tag to its id, annotated tags to the tag object', async () => {
    const pin = await only(source().resolve(wish(), run));
    expect(pin).toEqual({
      kind: 'git',
      id: 'file/line-a',
      wish: wishDigest(wish()),
      url: `file://${upstream.path}`,
      objectFormat: 'sha1',
      head: 'refs/heads/main',
      refs: Object.entries(await upstream.refs()).map(([name, oid]) => ({ name, oid })),
    });
  });

  it('names no head that is not among the chosen refs, and takes `as` for the identity', async () => {
    const pin = await only(source().resolve({ ...wish(['v1.0']), as: 'ops/line-a' }, run));
    expect(pin).not.toHaveProperty('head');
    expect(pin).toMatchObject({ id: 'ops/line-a', refs: [{ name: 'refs/tags/v1.0' }] });
  });

  it('tells a repository that is not there from a ref that is not there', async () => {
    await expect(source().resolve(wish([], `file://${directory.path}/nothing`), run)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('nothing'),
    });
    await expect(source().resolve(wish(['v9']), run)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      hint: expect.stringContaining('v1.0'),
    });
  });

  it('does not look at other kinds of refs, and refuses a chosen ref whose name reads like an option', async () => {
    await upstream.git('update-ref', 'refs/pull/1/head', 'main');
    expect((await only(source().resolve(wish(), run))).refs).toHaveLength(4);
    await upstream.git('update-ref', 'refs/heads/--upload-pack=touch', 'main');
    await expect(source().resolve(wish(), run)).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    await expect(source().resolve(wish(['main']), run)).resolves.toHaveLength(1);
  });
});

describe('fetching a repository', () => {
  it('packs exactly what the pinned refs reach', async () => {
    const pin = await only(source().resolve(wish(['main', 'v1.1']), run));
    const held = await source().fetch(pin, store, run);
    expect(held).toMatchObject({ kind: 'git', pin, packs: [{ prerequisites: [] }] });
    const pack = store.blobs.get(held.packs[0]?.digest as never) as Uint8Array;
    expect(await objectsIn(pack)).toEqual(await objectsReachedBy('main', 'v1.1'));
  });

  it('works with sha256 object ids', async () => {
    const other = await createRepository(
      directory.join('srv', 'sha256'),
      [{ message: 'one', files: { a: 'a' }, tags: ['v1'] }],
      { objectFormat: 'sha256' },
    );
    const pin = await only(source().resolve(wish([], `file://${other.path}`), run));
    expect(pin).toMatchObject({
      objectFormat: 'sha256',
      refs: [{ oid: expect.stringMatching(/^[0-9a-f]{64}$/) }, {}],
    });
    await expect(source().fetch(pin, store, run)).resolves.toMatchObject({ packs: [{}] });
  });

  it('makes no second pack of what is in the depot already, and one when it was lost there', async () => {
    const pin = await only(source().resolve(wish(), run));
    const first = await source().fetch(pin, store, run);
    const events: RunEvent[] = [];
    await rm(upstream.path, { recursive: true });
    expect(await source().fetch(pin, store, { ...run, emit: (event) => void events.push(event) })).toEqual(
      first,
    );
    expect(events.filter(({ kind }) => kind === 'bytes')).toEqual([
      { kind: 'bytes', item: pin.id, bytes: first.packs[0]?.size, reused: true },
    ]);
    const lost = memoryBlobStore();
    await source().fetch(pin, lost, run);
    expect(lost.blobs.size).toBe(1);
  });

  it('brings the pinned commit when the branch has moved on, and when it was forced away', async () => {
    const pin = await only(source().resolve(wish(['main']), run));
    await upstream.commit({ message: 'three', files: { 'a.txt': 'three\n' } });
    await upstream.git('reset', '--quiet', '--hard', 'v1.0');
    const held = await source().fetch(pin, store, run);
    const objects = await objectsIn(store.blobs.get(held.packs[0]?.digest as never) as Uint8Array);
    expect(objects).toEqual(await objectsReachedBy(pin.refs[0]?.oid ?? ''));
  });

  it('says to resolve again when upstream has lost the pinned commit', async () => {
    const pin = await only(source().resolve(wish(['main']), run));
    const gone: GitPin = { ...pin, refs: [{ name: 'refs/heads/main', oid: '0123456789'.repeat(4) }] };
    await expect(source().fetch(gone, store, run)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      hint: expect.stringContaining('resolve again'),
    });
  });

  it('judges a pin from a lock that somebody edited like a wish', async () => {
    const pin = await only(source().resolve(wish(['main']), run));
    await expect(source().fetch({ ...pin, url: 'ext::touch x' }, store, run)).rejects.toMatchObject({
      code: 'USAGE',
    });
    await expect(
      source().fetch({ ...pin, refs: [{ name: '--all', oid: pin.refs[0]?.oid ?? '' }] }, store, run),
    ).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
    await expect(
      source().fetch({ ...pin, refs: [{ name: 'refs/heads/main', oid: 'main' }] }, store, run),
    ).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('makes a mirror again that a killed run or a bad disk has spoiled', async () => {
    const pin = await only(source().resolve(wish(), run));
    const first = await source().fetch(pin, store, run);
    const mirror = (
      await mustRun('find', [directory.join('work', 'mirrors'), '-maxdepth', '1', '-name', '*.git'])
    ).trim();
    const pack = (await mustRun('find', [mirror, '-name', '*.pack'])).trim();
    const bytes = await readFile(pack);
    await chmod(pack, 0o600);
    await writeFile(pack, bytes.fill(0, 40, 80));
    const again = memoryBlobStore();
    await source().fetch(pin, again, run);
    expect(await objectsIn(again.blobs.values().next().value as Uint8Array)).toEqual(
      await objectsIn(store.blobs.get(first.packs[0]?.digest as never) as Uint8Array),
    );
    await upstream.commit({ message: 'four', files: { 'd.txt': 'd\n' } });
    await writeFile(`${mirror}/packed-refs.lock`, '');
    await expect(
      source().fetch(await only(source().resolve(wish(), run)), memoryBlobStore(), run),
    ).resolves.toBeDefined();
  });

  it('never runs a hook of the source or of a template', async () => {
    const touched = directory.join('touched');
    for (const hook of ['post-checkout', 'reference-transaction', 'post-update', 'pre-auto-gc']) {
      const path = `${upstream.path}/.git/hooks/${hook}`;
      await writeFile(path, `#!/bin/sh\necho ${hook} >> ${touched}\n`);
      await chmod(path, 0o755);
    }
    const pin = await only(source().resolve(wish(), run));
    await source().fetch(pin, store, run);
    await expect(readFile(touched)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    [
      'a submodule path that reads like an option',
      '[submodule "a"]\n\tpath = -x\n\turl = https://example.org/a\n',
    ],
    [
      'a submodule URL that reads like an option',
      '[submodule "a"]\n\tpath = a\n\turl = --upload-pack=touch\n',
    ],
    [
      'a submodule name that climbs out',
      '[submodule "../../x"]\n\tpath = a\n\turl = https://example.org/a\n',
    ],
  ])('refuses a history with %s in .gitmodules', async (_what, text) => {
    await upstream.commit({ message: 'hostile', files: { '.gitmodules': text } });
    const pin = await only(source().resolve(wish(['main']), run));
    await expect(source().fetch(pin, store, run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('gitmodules'),
    });
    expect(store.blobs.size).toBe(0);
  });

  it('refuses a history with a file called .git', async () => {
    const blob = await upstream.git('rev-parse', 'main:a.txt');
    const listing = directory.join('tree');
    await writeFile(listing, `100644 blob ${blob}\t.git\n`);
    const tree = (
      await mustRun('sh', ['-c', 'git mktree < "$1"', 'sh', listing], { cwd: upstream.path })
    ).trim();
    const commit = await upstream.git('commit-tree', '-m', 'hostile', tree);
    await upstream.git('update-ref', 'refs/heads/hostile', commit);
    const pin = await only(source().resolve(wish(['hostile']), run));
    await expect(source().fetch(pin, store, run)).rejects.toMatchObject({
      code: 'CONTENT_INVALID',
      message: expect.stringContaining('hasDotgit'),
    });
  });

  it('accepts the harmless faults that old tools left in histories', async () => {
    const body = `tree ${await upstream.git('rev-parse', 'main^{tree}')}\nauthor A <a@example.org> 1 +051800\ncommitter A <a@example.org> 1 +051800\n\nold\n`;
    const commit = (
      await mustRun('git', ['hash-object', '-t', 'commit', '--literally', '-w', '--stdin'], {
        cwd: upstream.path,
        input: body,
      })
    ).trim();
    await upstream.git('update-ref', 'refs/heads/old', commit);
    const pin = await only(source().resolve(wish(['old']), run));
    await expect(source().fetch(pin, store, run)).resolves.toMatchObject({ packs: [{}] });
  });

  it('refuses a source whose history was cut', async () => {
    const shallow = directory.join('srv', 'shallow');
    await mustRun('git', ['clone', '--quiet', '--depth=1', `file://${upstream.path}`, shallow]);
    const pin = await only(source().resolve(wish(['main'], `file://${shallow}`), run));
    await expect(source().fetch(pin, store, run)).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('leaves no unfinished pack behind', async () => {
    const pin = await only(source().resolve(wish(), run));
    await source().fetch(pin, store, run);
    expect(await mustRun('find', [directory.join('work', 'packing'), '-mindepth', '1'])).toBe('');
  });
});

const noServer = gitServerMissing();
if (noServer !== undefined) process.stderr.write(`skipped: ${noServer}\n`);

describe.skipIf(noServer !== undefined)('a repository over HTTP', () => {
  it('gives the same pins as the file, and the next collect asks only for what is new', async () => {
    await using server = await startGitServer(directory.join('srv'));
    const url = `${server.url}/line-a`;
    const pin = await only(source().resolve(wish([], url), run));
    expect(pin).toMatchObject({
      id: `${server.host}/line-a`,
      refs: (await only(source().resolve(wish(), run))).refs,
    });
    await source().fetch(pin, store, run);
    const before = server.requests.length;
    await source().fetch(pin, memoryBlobStore(), run);
    expect(server.requests.slice(before)).toEqual([]);
    await upstream.commit({ message: 'three', files: { 'a.txt': 'three\n' } });
    const next = await only(source().resolve(wish([], url), run));
    const held = await source().fetch(next, store, run);
    expect(await objectsIn(store.blobs.get(held.packs[0]?.digest as never) as Uint8Array)).toEqual(
      await objectsReachedBy('--all'),
    );
  });

  it('gets basic credentials from the environment of git, never from its arguments', async () => {
    const auth = { username: 'robot$a', password: `p"w' $x%` };
    await using server = await startGitServer(directory.join('srv'), { auth });
    const asked: string[] = [];
    const credentials = async (host: string) => {
      asked.push(host);
      return auth;
    };
    const url = `${server.url}/line-a`;
    const pin = await only(source({ credentials }).resolve(wish([], url), run));
    await expect(source({ credentials }).fetch(pin, store, run)).resolves.toBeDefined();
    expect(new Set(asked)).toEqual(new Set([server.host]));
    await expect(source().resolve(wish([], url), run)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    const wrong = source({ credentials: async () => ({ username: 'robot', password: 'hunter2' }) }).resolve(
      wish([], url),
      run,
    );
    await expect(wrong).rejects.toSatisfy(
      (error) => isGapferryError(error, 'UNAUTHORIZED') && !JSON.stringify(error).includes('hunter2'),
    );
  });

  it('gives no credentials to the place a redirect leads to', async () => {
    const auth = { username: 'robot', password: 'secret' };
    await using elsewhere = await startGitServer(directory.join('srv'), { auth });
    await using server = await startGitServer(directory.join('srv'));
    server.addFault({
      match: () => true,
      do: { kind: 'redirect', to: `${elsewhere.url}/line-a/info/refs?service=git-upload-pack` },
    });
    const resolving = source({
      credentials: async (host) => (host === server.host ? auth : undefined),
    }).resolve(wish([], `${server.url}/line-a`), run);
    await expect(resolving).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('is tried again after trouble that may pass, and not after a clear no', async () => {
    await using server = await startGitServer(directory.join('srv'));
    server.addFault({ match: () => true, times: 2, do: { kind: 'status', status: 503 } });
    const events: RunEvent[] = [];
    await source().resolve(wish([], `${server.url}/line-a`), {
      ...run,
      emit: (event) => void events.push(event),
    });
    expect(events.map(({ kind }) => kind)).toEqual(['retry', 'retry']);
    const before = server.requests.length;
    await expect(source().resolve(wish([], `${server.url}/nothing`), run)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
    });
    expect(server.requests.length).toBe(before + 1);
  });

  it('is given up when the server falls silent, and when nobody is there', async () => {
    await using server = await startGitServer(directory.join('srv'));
    server.addFault({ match: () => true, do: { kind: 'stall' } });
    await expect(
      source({ idleTimeoutMs: 100, attempts: 2 }).resolve(wish([], `${server.url}/line-a`), run),
    ).rejects.toMatchObject({ code: 'TIMED_OUT' });
    await server.close();
    await expect(
      source({ attempts: 1 }).resolve(wish([], `${server.url}/line-a`), run),
    ).rejects.toMatchObject({ code: 'UNREACHABLE', retryable: true });
  });

  it('continues after the connection was cut in the pack', async () => {
    await using server = await startGitServer(directory.join('srv'));
    const pin = await only(source().resolve(wish([], `${server.url}/line-a`), run));
    server.addFault({
      match: ({ method }) => method === 'POST',
      times: 2,
      do: { kind: 'cut', afterBytes: 300 },
    });
    await expect(source().fetch(pin, store, run)).resolves.toBeDefined();
  });
});

describe('a repository over SSH', () => {
  /** In ssh's place: notes what it was asked, and runs the far side's command here. */
  async function fakeSsh(): Promise<{ git: Git; asked: () => Promise<string[]> }> {
    const log = directory.join('ssh.log');
    await mkdir(directory.join('bin'));
    const text = `#!/bin/sh\nfor a in "$@"; do echo "$a"; done > ${log}\nfor last in "$@"; do :; done\nPATH=/usr/local/bin:/usr/bin:/bin exec sh -c "$last"\n`;
    await writeFile(directory.join('bin', 'ssh'), text, { mode: 0o755 });
    const git = createGit({ environment: { PATH: `${directory.join('bin')}:/usr/local/bin:/usr/bin:/bin` } });
    return { git, asked: async () => (await readFile(log, 'utf8')).trim().split('\n') };
  }

  it('is asked without prompts, with known host keys only, on the right port, and its paths are no shell text', async () => {
    const { git, asked } = await fakeSsh();
    const ssh = { identityFile: "/keys/it's mine", knownHostsFile: '/keys/known hosts' };
    const pin = await only(
      source({ git, ssh }).resolve(wish([], `ssh://git@git.example.org:2222${upstream.path}`), run),
    );
    expect(pin.refs).toEqual((await only(source().resolve(wish(), run))).refs);
    const words = await asked();
    expect(words).toEqual(
      expect.arrayContaining([
        '-oBatchMode=yes',
        '-oStrictHostKeyChecking=yes',
        "/keys/it's mine",
        '-oUserKnownHostsFile=/keys/known hosts',
        '-p',
        '2222',
        'git@git.example.org',
      ]),
    );
    await expect(source({ git }).fetch(pin, store, run)).resolves.toMatchObject({ packs: [{}] });
  });

  it('is understood in its short form, and can be connected to another place', async () => {
    const { git, asked } = await fakeSsh();
    const connectTo = new Map([['git.example.org:22', '127.0.0.1:2022']]);
    const pin = await only(
      source({ git, connectTo }).resolve(wish(['main'], `git@git.example.org:${upstream.path}`), run),
    );
    expect(pin).toMatchObject({ url: `ssh://git@git.example.org${upstream.path}` });
    expect(await asked()).toEqual(expect.arrayContaining(['-p', '2022', 'git@127.0.0.1']));
  });

  it('tells an unknown host key from a refused key', async () => {
    const saying = (words: string) =>
      writeFile(directory.join('bin', 'ssh'), `#!/bin/sh\necho '${words}' >&2; exit 255\n`, { mode: 0o755 });
    const { git } = await fakeSsh();
    await saying('Host key verification failed.');
    await expect(source({ git }).resolve(wish([], 'ssh://git@git.example.org/a'), run)).rejects.toMatchObject(
      { code: 'UNAUTHORIZED', hint: expect.stringContaining('known_hosts') },
    );
    await saying('git@git.example.org: Permission denied (publickey).');
    await expect(source({ git }).resolve(wish([], 'ssh://git@git.example.org/a'), run)).rejects.toMatchObject(
      { code: 'UNAUTHORIZED', hint: expect.stringContaining('credentials') },
    );
  });
});
