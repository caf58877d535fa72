import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { runProcess } from '../process/run-process.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { createRepository, gitEnvironment, openRepository } from './git-repository.ts';
import { gitServerMissing, startGitServer } from './git-server.ts';

const missing = gitServerMissing();
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

describe.skipIf(missing !== undefined)('a Git repository of the testkit', () => {
  it('has the same commit ids every time', async () => {
    await using home = await temporaryDirectory();
    const make = async (name: string): Promise<Record<string, string>> => {
      const repository = await createRepository(home.join(name), [
        { message: 'Begin', files: { 'README.md': 'hello\n' }, tags: ['v1'] },
        { message: 'Branch off', branch: 'next', files: { 'a/b.txt': 'x\n', 'README.md': null } },
        { message: 'Go on', branch: 'main', files: { 'c.txt': 'y\n' }, annotatedTags: { v2: 'Second' } },
      ]);
      return repository.refs();
    };
    const refs = {
      'refs/heads/main': 'c76c849cd39c0126302e3c0a744c6b6238189e68',
      'refs/heads/next': 'b6fb9989d495d0f4387b6458b7de14d99c41f2ed',
      'refs/tags/v1': '80e4e71a87d14dd392e9247ee1f7dd98603b81bb',
      'refs/tags/v2': '4fef8003285a6a3033848220629937344e46b3c1',
    };
    expect(await make('one')).toEqual(refs);
    expect(await make('two')).toEqual(refs);
  });

  it('has nothing of another that was asked for with the same words', async () => {
    await using home = await temporaryDirectory();
    const begin = [{ message: 'Begin', files: { 'README.md': 'hello\n' } }];
    const one = await createRepository(home.join('one'), begin);
    const two = await createRepository(home.join('two'), begin);
    const refs = await two.refs();
    await one.commit({ message: 'Go on', files: { 'README.md': null }, tags: ['v1'] });
    expect(await two.refs()).toEqual(refs);
    expect(await (await createRepository(home.join('three'), begin)).refs()).toEqual(refs);
    expect(await two.git('status', '--porcelain')).toBe('');
    expect(await two.git('fsck', '--strict')).toBe('');
  });

  it('can use sha256 object ids, and be opened again', async () => {
    await using home = await temporaryDirectory();
    const first = await createRepository(home.join('r'), [{ message: 'One' }], { objectFormat: 'sha256' });
    const again = await openRepository(first.path);
    expect(await again.commit({ message: 'Two' })).toMatch(/^[0-9a-f]{64}$/);
    expect(await again.git('log', '--format=%s %aI', 'main')).toBe(
      'Two 2024-01-01T00:01:00+00:00\nOne 2024-01-01T00:00:00+00:00',
    );
  });
});

describe.skipIf(missing !== undefined)('the Git server', () => {
  it('lets git clone, with the same commit ids', async () => {
    await using home = await temporaryDirectory();
    const upstream = await createRepository(home.join('srv/team/infra'), [
      { message: 'One', files: { 'big.txt': 'line\n'.repeat(50_000) } },
      { message: 'Two', tags: ['v1'] },
    ]);
    await using server = await startGitServer(home.join('srv'));
    const cloned = await git(home.path, 'clone', '--quiet', `${server.url}/team/infra`, 'copy');
    expect(cloned.stderr).toBe('');
    const copy = await openRepository(home.join('copy'));
    expect(await copy.git('rev-parse', 'main')).toBe(await upstream.git('rev-parse', 'main'));
    expect((await readFile(home.join('copy/big.txt'), 'utf8')).length).toBe(250_000);
    const none = await git(home.path, 'clone', `${server.url}/team/nothing`, 'none');
    expect(none.stderr).toContain('not found');
  });

  it('refuses a push unless it was started for it', async () => {
    await using home = await temporaryDirectory();
    const source = await createRepository(home.join('source'), [{ message: 'One' }]);
    const bare = await createRepository(home.join('srv/bare'));
    await bare.git('config', 'core.bare', 'true');
    await using closed = await startGitServer(home.join('srv'));
    await using open = await startGitServer(home.join('srv'), { push: true });
    const push = (url: string): ReturnType<typeof runProcess> => git(source.path, 'push', url, 'main');
    expect((await push(`${closed.url}/bare`)).stderr).toContain('403');
    expect((await push(`${open.url}/bare`)).code).toBe(0);
    expect(await bare.git('rev-parse', 'refs/heads/main')).toBe(await source.git('rev-parse', 'main'));
  });

  it('asks for credentials', async () => {
    await using home = await temporaryDirectory();
    await createRepository(home.join('srv/infra'), [{ message: 'One' }]);
    await using server = await startGitServer(home.join('srv'), { auth: { username: 'u', password: 'p' } });
    const refused = await git(home.path, 'ls-remote', `${server.url}/infra`);
    expect(refused.stderr).toContain('could not read Username');
    const header = `http.extraHeader=Authorization: Basic ${Buffer.from('u:p').toString('base64')}`;
    const listed = await git(home.path, '-c', header, 'ls-remote', `${server.url}/infra`);
    expect(listed.stdout).toContain('refs/heads/main');
  });

  it('can cut a clone short', async () => {
    await using home = await temporaryDirectory();
    await createRepository(home.join('srv/infra'), [{ message: 'One', files: { a: 'b' } }]);
    await using server = await startGitServer(home.join('srv'));
    server.addFault({
      match: ({ path }) => path.endsWith('/git-upload-pack'),
      do: { kind: 'cut', afterBytes: 10 },
    });
    const cut = await git(home.path, 'clone', `${server.url}/infra`, 'copy');
    expect(cut.code).toBe(128);
  });
});

function git(cwd: string, ...args: readonly string[]): ReturnType<typeof runProcess> {
  return runProcess('git', args, { cwd, env: gitEnvironment() });
}
