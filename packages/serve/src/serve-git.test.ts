import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { quietRun } from '@gapferry/core';
import {
  createRepository,
  gitEnvironment,
  memoryBlobStore,
  mustRun,
  runProcess,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Served, serveDepot } from './serve-depot.ts';

const env = gitEnvironment();
let directory: TemporaryDirectory;
let upstream: TestGitRepository;
let stop: AbortController;
let served: Served;
let url: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  upstream = await createRepository(directory.join('upstream'), [
    { message: 'one', files: { 'a.txt': 'one\n' }, tags: ['v1'] },
    { message: 'two', files: { 'b.txt': 'two\n'.repeat(1000) }, annotatedTags: { v2: 'second' } },
    { message: 'side', branch: 'side', files: { 'c.txt': 'three\n' } },
  ]);
  await mkdir(directory.join('git/git.example/line'), { recursive: true });
  await mustRun(
    'git',
    ['clone', '--quiet', '--mirror', upstream.path, directory.join('git/git.example/line/infra.git')],
    { env },
  );
  stop = new AbortController();
  const content = {
    store: { ...memoryBlobStore(), names: async () => [] },
    gitRoot: directory.join('git'),
    filesRoot: '/nonexistent',
  };
  served = await serveDepot(
    content,
    { host: '127.0.0.1', port: 0, git: { path: env['PATH'] ?? '' } },
    quietRun(stop.signal),
  );
  url = `${served.url}/git/git.example/line/infra.git`;
});
afterEach(async () => {
  stop.abort();
  await served.closed;
  await directory.remove();
});

describe('the Git of serveDepot', () => {
  it.each(['0', '1', '2'])('gives a clone with the same ids over protocol %s', async (version) => {
    const clone = directory.join(`clone-${version}`);
    await git(['-c', `protocol.version=${version}`, 'clone', '--quiet', '--mirror', url, clone]);
    const refs = await git(['-C', clone, 'for-each-ref', '--format=%(refname) %(objectname)']);
    expect(
      Object.fromEntries(
        refs
          .trim()
          .split('\n')
          .map((line) => line.split(' ')),
      ),
    ).toEqual(await upstream.refs());
    await git(['-C', clone, 'fsck', '--strict']);
  });

  it.each(['0', '2'])('gives what is new to a clone that is there, over protocol %s', async (version) => {
    const clone = directory.join('clone');
    await git(['clone', '--quiet', '--mirror', url, clone]);
    const oid = await upstream.commit({ message: 'four', files: { 'd.txt': 'four\n' } });
    await git([
      '-C',
      directory.join('git/git.example/line/infra.git'),
      'fetch',
      '--quiet',
      upstream.path,
      '+refs/*:refs/*',
    ]);
    await git(['-C', clone, '-c', `protocol.version=${version}`, 'fetch', '--quiet']);
    expect((await git(['-C', clone, 'rev-parse', 'refs/heads/side'])).trim()).toBe(oid);
  });

  it('serves shallow and partial clones and single commits, as GitOps controllers ask for them', async () => {
    await git(['clone', '--quiet', '--depth=1', url, directory.join('shallow')]);
    expect((await git(['-C', directory.join('shallow'), 'rev-list', '--count', 'HEAD'])).trim()).toBe('1');
    await git(['clone', '--quiet', '--filter=blob:none', '--no-checkout', url, directory.join('partial')]);
    const [first = ''] = (await upstream.git('rev-list', '--max-parents=0', 'main')).split('\n');
    await git(['init', '--quiet', directory.join('single')]);
    await git(['-C', directory.join('single'), 'fetch', '--quiet', '--depth=1', url, first]);
  });

  it('takes the name without .git too, as Git hosts do', async () => {
    const clone = directory.join('short');
    await git(['clone', '--quiet', url.replace(/\.git$/, ''), clone]);
    const tip = (await git(['-C', clone, 'rev-parse', 'refs/remotes/origin/main'])).trim();
    expect(tip).toBe(await upstream.git('rev-parse', 'main'));
  });

  it('serves many clones at once', async () => {
    const clones = Array.from({ length: 12 }, (_, i) =>
      git(['clone', '--quiet', '--mirror', url, directory.join(`many-${i}`)]),
    );
    await expect(Promise.all(clones)).resolves.toHaveLength(12);
  });

  it('takes gzip bodies, and refuses bad ones, other codings and bombs', async () => {
    const want = `0032want ${await upstream.git('rev-parse', 'main')}\n00000009done\n`;
    const answer = await post(gzipSync(want), { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(200);
    expect(
      Buffer.from(await answer.arrayBuffer())
        .subarray(0, 8)
        .toString(),
    ).toBe('0008NAK\n');
    expect((await post(Buffer.from('no gzip'), { 'content-encoding': 'gzip' })).status).toBe(400);
    expect((await post(Buffer.from(want), { 'content-encoding': 'br' })).status).toBe(415);
    expect(
      (await post(gzipSync(Buffer.alloc(65 << 20)), { 'content-encoding': 'gzip' })).status,
    ).toBeGreaterThanOrEqual(400);
    expect((await post(Buffer.from(want), { 'content-type': 'text/plain' })).status).toBe(415);
  });

  it('takes no pushes', async () => {
    const pushed = await runProcess('git', ['-C', upstream.path, 'push', url, 'main:refs/heads/new'], {
      env,
    });
    expect(pushed.code).not.toBe(0);
    expect((await fetch(`${url}/git-receive-pack`, { method: 'POST', body: '0000' })).status).toBe(403);
    expect(await git(['ls-remote', url, 'refs/heads/new'])).toBe('');
  });

  it.each(['info/refs', 'HEAD', 'objects/info/packs', 'config', 'info/refs?service=git-upload-archive'])(
    'refuses the dumb request %s',
    async (path) => {
      expect((await fetch(`${url}/${path}`)).status).toBe(403);
    },
  );

  it('serves only bare repositories that are reached without links', async () => {
    await symlink(upstream.path, directory.join('git/link.git'));
    await mkdir(directory.join('git/empty.git'));
    for (const name of ['link.git', 'empty.git', 'none.git', 'git.example/line/infra.git.git'])
      expect((await fetch(`${served.url}/git/${name}/info/refs?service=git-upload-pack`)).status).toBe(404);
  });

  it('runs nothing that a repository configures', async () => {
    const repository = directory.join('git/git.example/line/infra.git');
    const trap = directory.join('trap.sh');
    await writeFile(trap, `#!/bin/sh\ntouch ${directory.join('sprung')}\nexec "$@"\n`, { mode: 0o755 });
    for (const name of ['uploadpack.packObjectsHook', 'core.fsmonitor', 'core.alternateRefsCommand'])
      await git(['-C', repository, 'config', name, trap]);
    await git(['clone', '--quiet', '--mirror', url, directory.join('clone')]);
    expect((await runProcess('test', ['-e', directory.join('sprung')])).code).toBe(1);
  });

  it('does not let a Git-Protocol header reach further than a version', async () => {
    const headers = { 'git-protocol': 'version=2; $(touch x)' };
    const answer = await fetch(`${url}/info/refs?service=git-upload-pack`, { headers });
    expect((await answer.text()).startsWith('001e# service=git-upload-pack\n0000')).toBe(true);
  });

  it('names the repository and how to clone it on the front page', async () => {
    expect(await (await fetch(served.url)).text()).toContain(`git clone ${url}`);
  });

  it('cuts the connection when git fails in the middle', async () => {
    const repository = directory.join('git/git.example/line/infra.git');
    await git(['-C', repository, 'repack', '-a', '-d', '-q']);
    await mustRun('sh', [
      '-c',
      'chmod u+w "$0"/*.pack && truncate -s -100 "$0"/*.pack',
      join(repository, 'objects/pack'),
    ]);
    const clone = await runProcess('git', ['clone', '--quiet', '--mirror', url, directory.join('clone')], {
      env,
    });
    expect(clone.code).not.toBe(0);
  });
});

function git(args: readonly string[]): Promise<string> {
  return mustRun('git', args, { env });
}

function post(body: Buffer, headers: Record<string, string>): Promise<Response> {
  const type = { 'content-type': 'application/x-git-upload-pack-request' };
  return fetch(`${url}/git-upload-pack`, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { ...type, ...headers },
  });
}
