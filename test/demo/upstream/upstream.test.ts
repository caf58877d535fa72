import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseBundleConfig } from '@gapferry/bundle';
import { normalizeGitUrl } from '@gapferry/git';
import { createRepository, gitServerMissing, temporaryDirectory } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { HOSTS, upstreamEnvironment } from './hosts.ts';
import type { ProgramFiles } from './program-files.ts';
import { type Published, startUpstream } from './start-upstream.ts';

const missing = gitServerMissing();
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`);

/** Small stand-ins: the built command line need not be there in unit tests. */
const PROGRAM: ProgramFiles = {
  libraries: [{ path: 'lib/libc.so.6', content: 'a library' }],
  runtime: [{ path: 'usr/local/bin/node', content: 'a program', mode: 0o755 }],
  dependencies: [],
  application: [{ path: 'opt/gapferry/packages/cli/dist/main.js', content: 'export {};\n' }],
};

describe('the bundle of the demo', () => {
  const file = join(import.meta.dirname, '../../../bundles/demo/bundle.yaml');

  it('wants one thing of every kind, from the hosts of the upstream alone', async () => {
    const config = parseBundleConfig(await readFile(file, 'utf8'), 'bundle.yaml', normalizeGitUrl);
    expect(config.wishes.map(({ kind }) => kind)).toEqual(['image', 'chart', 'chart', 'git', 'file']);
    expect(config.insecure).toEqual(Object.values(HOSTS).sort());
    const named = JSON.stringify(config.wishes).match(/[a-z]+\.demo\.example/g);
    expect(new Set(named)).toEqual(new Set(Object.values(HOSTS)));
  });

  it('names the file by the digest of what upstream publishes first', async () => {
    const config = parseBundleConfig(await readFile(file, 'utf8'), 'bundle.yaml', normalizeGitUrl);
    const script = await readFile(join(import.meta.dirname, 'files/site-check-1.0.sh'));
    const wish = config.wishes.find(({ kind }) => kind === 'file');
    expect(wish).toMatchObject({ sha256: `sha256:${createHash('sha256').update(script).digest('hex')}` });
  });
});

describe.skipIf(missing !== undefined)('the upstream of the demo', () => {
  it('publishes the same on every start, and something else on its next day', async () => {
    await using home = await temporaryDirectory();
    const root = home.join('checkout');
    await createRepository(root, [{ message: 'One', files: { a: '1\n' } }, { message: 'Two' }]);
    const twoDays = async (name: string): Promise<[Published, Published]> => {
      await using upstream = await startUpstream({ root, directory: home.join(name), program: PROGRAM });
      expect(upstream.history).toBe('the history of this checkout, 2 commit(s)');
      const first = await upstream.published();
      await upstream.change();
      return [first, await upstream.published()];
    };
    const [first, next] = await twoDays('one');
    expect(await twoDays('two')).toEqual([first, next]);
    expect(next.image).not.toBe(first.image);
    expect(next.file.digest).not.toBe(first.file.digest);
    expect(Object.keys(next.charts)).toEqual(['gapferry-1.1.0.tgz', 'depot-clients-1.1.0.tgz']);
    expect(Object.keys(next.refs)).toEqual(['refs/heads/main', 'refs/tags/v1.0.0', 'refs/tags/v1.1.0']);
    expect(next.refs['refs/tags/v1.0.0']).toBe(first.refs['refs/heads/main']);
  });

  it('says so when it cannot serve the history of the checkout', async () => {
    await using home = await temporaryDirectory();
    const input = { root: home.path, directory: home.join('git'), program: PROGRAM };
    await using upstream = await startUpstream(input);
    expect(upstream.history).toMatch(/^a small generated history instead of the checkout's \(/);
    expect(Object.keys((await upstream.published()).refs)).toContain('refs/tags/v1.0.0');
  });
});

it('leads to the upstream past any proxy', () => {
  const env = { PATH: '/bin', HTTPS_PROXY: 'http://proxy:3128', no_proxy: 'x', GAPFERRY_CONNECT_TO: 'old' };
  expect(upstreamEnvironment(env, 'new')).toEqual({ PATH: '/bin', GAPFERRY_CONNECT_TO: 'new' });
});
