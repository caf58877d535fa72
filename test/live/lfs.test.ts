import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  seededBuffer,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { type GitLfs, installGitLfs } from './support/git-lfs.ts';
import { type Gitea, startGitea } from './support/gitea.ts';
import { serveEmbedded } from './support/serve-embedded.ts';
import { dockerConfig } from './support/skopeo.ts';
import { lacks } from './support/tools.ts';

/** What git-lfs pushed to a real Gitea comes over, and git-lfs gets it from what is served inside. */
describe.skipIf(lacks('gitea', 'git-lfs'))('Git LFS from a real Gitea', { timeout: 180_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let gitea: Gitea;
  let upstream: TestGitRepository;
  let machines: TwoMachines;
  let lfs: GitLfs;
  let url: string;

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    gitea = cleanup.use(await startGitea());
    const { username, password } = gitea.credentials;
    url = `http://${gitea.host}/${gitea.organisation}/models.git`;
    lfs = await installGitLfs(home.join('user'), {
      'credential.helper': `!f() { echo username=${username}; echo password=${password}; }; f`,
    });
    await gitea.api('POST', `/orgs/${gitea.organisation}/repos`, { name: 'models', private: true });
    upstream = await createRepository(home.join('models'), [
      { message: 'Begin', files: { 'README.md': 'models\n' } },
    ]);
    await lfs.git(upstream.path, 'lfs', 'install', '--local');
    await lfs.git(upstream.path, 'lfs', 'track', '*.bin', 'große Datei.dat');
    await commit('Add', {
      'a.bin': seededBuffer(3_000_000, 'a'),
      'deep/b.bin': Buffer.from('b\n'),
      'same.bin': Buffer.from('b\n'),
    });
    await commit('Again', {
      'a.bin': seededBuffer(2_000_000, 'a2'),
      'große Datei.dat': seededBuffer(70_000, 'g'),
    });
    await lfs.git(upstream.path, 'tag', 'v1');
    await lfs.git(upstream.path, 'push', '-q', url, 'main', 'v1');
    await mkdir(home.join('docker'));
    await writeFile(home.join('docker/config.json'), dockerConfig(gitea.host, gitea.credentials));
    machines = await makeTwoMachines({
      bundle: `format: gapferry.bundle/1\nname: line-a\ngit:\n  - {url: "${url}", as: git.example.org/models}\n`,
      environment: { DOCKER_CONFIG: home.join('docker') },
    });
    cleanup.defer(() => machines.close());
  }, 180_000);
  afterAll(() => cleanup.disposeAsync());

  async function commit(message: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(join(upstream.path, name, '..'), { recursive: true });
      await writeFile(join(upstream.path, name), content);
    }
    await lfs.git(upstream.path, 'add', '--all');
    await lfs.git(upstream.path, 'commit', '-q', '-m', message);
  }

  interface LockPin {
    readonly lfs?: readonly unknown[];
  }
  async function pinned(): Promise<LockPin> {
    const text = await readFile(join(machines.outside.directory, 'bundles/line-a/bundle.lock.json'), 'utf8');
    return (JSON.parse(text) as { pins: LockPin[] }).pins[0] as LockPin;
  }

  it('is pinned with the objects that git-lfs lists for its refs', async () => {
    await machines.collect('--first', '--version', '1.0.0');
    const listed = await lfs.git(upstream.path, 'lfs', 'ls-files', '--json', 'main');
    const { files } = JSON.parse(listed) as { files: Array<{ oid: string; size: number }> };
    const wanted = new Map(files.map(({ oid, size }) => [oid, { oid: `sha256:${oid}`, size }]));
    const sorted = [...wanted.values()].sort((a, b) => (a.oid < b.oid ? -1 : 1));
    expect((await pinned()).lfs).toEqual(sorted);
    expect(sorted).toHaveLength(3);
  });

  it('is checked out inside from what is served, byte for byte', async () => {
    await machines.export();
    expect(await machines.import()).toMatchObject({ kind: 'loaded' });
    await using served = await serveEmbedded(machines.inside);
    const clone = home.join('clone');
    await lfs.git(home.path, 'clone', '-q', `${served.url}/git/git.example.org/models.git`, clone);
    expect(await sums(clone)).toEqual(await sums(upstream.path));
    await lfs.git(clone, 'lfs', 'fsck');
    await rm(join(clone, '.git/lfs'), { recursive: true });
    await lfs.git(clone, 'lfs', 'pull');
    await lfs.git(clone, 'lfs', 'fsck');
    // What no ref names was not wished.
    await expect(lfs.git(clone, 'lfs', 'fetch', '--all')).rejects.toThrow(/Object does not exist|404/);
  });

  it('is not taken by what is served', async () => {
    await using served = await serveEmbedded(machines.inside);
    const clone = home.join('clone');
    await writeFile(join(clone, 'new.bin'), 'new\n');
    await lfs.git(clone, 'add', '--all');
    await lfs.git(clone, 'commit', '-q', '-m', 'New');
    const place = `${served.url}/git/git.example.org/models.git`;
    await expect(lfs.git(clone, 'push', '-q', place, 'main')).rejects.toThrow(/takes no/);
  });

  it('is not sent again, and is proved again, by a second import', async () => {
    expect(await machines.import()).toMatchObject({ kind: 'unchanged' });
    const before = gitea.accessLog().length;
    expect(await machines.collect('--version', '1.0.0')).toMatchObject({ kind: 'unchanged' });
    expect(
      gitea
        .accessLog()
        .slice(before)
        .filter(({ path }) => path.includes('/info/lfs')),
    ).toEqual([]);
  });

  it('comes with all of history when that is wished', async () => {
    const file = join(machines.outside.directory, 'bundles/line-a/bundle.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('as:', 'lfs: all, as:'));
    await machines.collect('--version', '1.1.0');
    await machines.export();
    await machines.import();
    expect((await pinned()).lfs).toHaveLength(4);
    await using served = await serveEmbedded(machines.inside);
    const clone = home.join('clone-all');
    await lfs.git(home.path, 'clone', '-q', `${served.url}/git/git.example.org/models.git`, clone);
    await lfs.git(clone, 'lfs', 'fetch', '--all');
    await lfs.git(clone, 'lfs', 'fsck');
    await lfs.git(clone, 'checkout', '-q', 'main~1');
    expect((await sums(clone)).get('a.bin')).toBe(sha256(seededBuffer(3_000_000, 'a')));
  });
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** sha256 of every file in a working tree. */
async function sums(directory: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((name) => !name.startsWith('.git/'))
    .sort();
  return new Map(
    await Promise.all(
      names.map(async (name) => [name, sha256(await readFile(join(directory, name)))] as const),
    ),
  );
}
