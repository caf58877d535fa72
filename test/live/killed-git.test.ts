import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRepository, mustRun, type TestGitRepository, which } from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gapferry } from '../support/command-line.ts';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';

let host: StagingHost;
let upstream: TestGitRepository;
beforeEach(async () => {
  host = await makeStagingHost();
  upstream = await createRepository(host.path('upstream/line-a'), [
    { message: 'one', files: { 'a.txt': 'one\n' } },
  ]);
  await host.want(`git: [{url: "file://${upstream.path}", as: ops/line-a}]\n`);
});
afterEach(() => host.close());

/** A git that kills whoever started it, as `kill -9` does, when it is asked for this; everything else is git's. */
async function deadlyGit(words: string): Promise<string> {
  await mkdir(host.path('bin'), { recursive: true });
  const script = `#!/bin/sh\ncase "$*" in\n${words}) kill -9 $PPID; exit 1;;\nesac\nexec ${which('git')} "$@"\n`;
  await writeFile(host.path('bin/git'), script);
  await chmod(host.path('bin/git'), 0o755);
  return `${host.path('bin')}:${process.env['PATH']}`;
}

async function killedAt(words: string, flags: readonly string[]): Promise<void> {
  const machine = { ...host.machine, environment: { PATH: await deadlyGit(words) } };
  const result = await gapferry(machine, ['collect', 'bundles/line-a', ...flags]);
  expect(result).toMatchObject({ signal: 'SIGKILL' });
}

async function requireSound(): Promise<void> {
  const kept = join(host.path('depot'), 'work', 'git');
  expect(await readdir(`${kept}/packing`)).toEqual([]);
  for (const mirror of await readdir(`${kept}/mirrors`))
    await mustRun('git', ['-C', `${kept}/mirrors/${mirror}`, 'fsck', '--full', '--strict']);
}

describe('a collect that is killed while it brings a repository', { timeout: 60_000 }, () => {
  it.each([
    ['makes the mirror', 'init*/mirrors/*'],
    ['fetches', '"fetch --no-tags"*'],
    ['looks at what came', '"cat-file --batch-check=%(objectname) --buffer"*'],
    ['looks for Git LFS', 'diff-tree*'],
    ['counts what came', '"rev-list --objects --count"*'],
  ])('goes on when it is started again: it %s', async (_what, words) => {
    await killedAt(words, ['--first']);
    expect(await host.collect(0)).toMatchObject({ kind: 'sealed', release: { sequence: 1 } });
    await requireSound();
  });

  it.each([
    ['fetches', '"fetch --no-tags"*'],
    ['looks for what is new', '"rev-list --objects --boundary"*'],
    ['packs an increment', 'pack-objects*'],
    ['checks it', '"index-pack --stdin"*'],
  ])('goes on with an increment when it is started again: it %s', async (_what, words) => {
    await host.collect(0);
    // Another fetch in between, so that what upstream sends is not the increment.
    await upstream.commit({ message: 'two', files: { 'a.txt': 'two\n' } });
    await killedAt('"rev-list --objects --boundary"*', []);
    await upstream.commit({ message: 'three', files: { 'a.txt': 'three\n' } });
    await killedAt(words, []);
    expect(await host.collect(0, [])).toMatchObject({ kind: 'sealed', release: { sequence: 2 } });
    await requireSound();
    expect(await host.collect(0, ['--locked'])).toMatchObject({ kind: 'unchanged' });
  });
});
