import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRepository, mustRun, type TestGitRepository, temporaryDirectory } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gapferryJson } from '../support/command-line.ts';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';
import { makeTwoMachines } from '../support/two-machines.ts';

const TAGS = ['v1.9.0', 'v1.10.0', 'v2.0.0-rc.1', 'v2.0.0', 'nightly-20260101'];

async function makeUpstream(path: string): Promise<TestGitRepository> {
  const commits = TAGS.map((tag) => ({ message: tag, files: { 'a.txt': `${tag}\n` }, tags: [tag] }));
  const upstream = await createRepository(path, commits);
  await upstream.git('branch', 'develop');
  return upstream;
}

describe('the refs of a repository', { timeout: 60_000 }, () => {
  let host: StagingHost;
  beforeEach(async () => {
    host = await makeStagingHost();
    await makeUpstream(host.path('upstream/line-a'));
  });
  afterEach(() => host.close());

  async function pinned(refs: string): Promise<string[]> {
    await host.want(
      `git: [{url: "file://${host.path('upstream/line-a')}", as: ops/line-a, refs: ${refs}}]\n`,
    );
    await gapferryJson(host.machine, ['resolve', 'bundles/line-a']);
    const lock = JSON.parse(await readFile(host.path('bundles/line-a/bundle.lock.json'), 'utf8'));
    return lock.pins[0].refs.map(({ name }: { name: string }) => name.replace(/^refs\/(?:heads|tags)\//, ''));
  }

  it.each<[string, string[]]>([
    ['[{tags: {newest: 2}}]', ['v2.0.0', 'v2.0.0-rc.1']],
    ['[{tags: {semver: "*", newest: 2}}]', ['v1.10.0', 'v2.0.0']],
    ['[{tags: {semver: "^1"}}]', ['v1.10.0', 'v1.9.0']],
    ['[{tags: {semver: ">=1", newest: 1}}]', ['v2.0.0']],
    ['[{tags: {match: "nightly-[0-9]+"}}, HEAD]', ['main', 'nightly-20260101']],
    ['["v1.*", develop]', ['develop', 'v1.10.0', 'v1.9.0']],
  ])('%s are chosen as those of images are', async (refs, expected) => {
    expect((await pinned(refs)).sort()).toEqual([...expected].sort());
  });

  it('are told when none fits', async () => {
    await host.want(
      `git: [{url: "file://${host.path('upstream/line-a')}", as: ops/line-a, refs: [{tags: {semver: "^9"}}]}]\n`,
    );
    const { error } = await host.collect(5);
    expect(error).toMatchObject({ code: 'SOURCE_NOT_FOUND', message: expect.stringContaining('^9') });
    expect(error?.hint).toContain('v2.0.0');
  });
});

describe('a history that is wished cut', { timeout: 60_000 }, () => {
  it('arrives cut, can be cloned, and becomes whole when that is wished', async () => {
    await using home = await temporaryDirectory();
    const upstream = await makeUpstream(home.join('line-a'));
    const wish = (depth: string): string =>
      `format: gapferry.bundle/1\nname: line-a\ngit: [{url: "file://${upstream.path}", as: ops/line-a, refs: [HEAD]${depth}}]\n`;
    const machines = await makeTwoMachines({ bundle: wish(', depth: 2'), environment: {} });
    const history = async (): Promise<string[]> => {
      const args = ['-C', machines.embedded('git/ops/line-a.git'), 'log', '--format=%s', 'main'];
      return (await mustRun('git', args)).trim().split('\n');
    };
    try {
      await machines.collect('--first');
      await machines.export();
      expect(await machines.import()).toMatchObject({ kind: 'loaded' });
      expect(await history()).toEqual(['nightly-20260101', 'v2.0.0']);
      await mustRun('git', ['clone', '--quiet', machines.embedded('git/ops/line-a.git'), home.join('clone')]);
      expect(await machines.collect()).toMatchObject({ kind: 'unchanged' });
      expect(await machines.import()).toMatchObject({ kind: 'unchanged' });
      await writeFile(join(machines.outside.directory, 'bundles/line-a/bundle.yaml'), wish(''));
      await machines.collect();
      await machines.export();
      expect(await machines.import()).toMatchObject({ kind: 'loaded' });
      expect(await history()).toHaveLength(TAGS.length);
    } finally {
      await machines.close();
    }
  });
});
