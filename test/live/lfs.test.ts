import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  seededBuffer,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { type GitLfs, installGitLfs } from './support/git-lfs.ts';
import { type Gitea, startGitea } from './support/gitea.ts';
import { serveEmbedded } from './support/serve-embedded.ts';
import { dockerConfig } from './support/skopeo.ts';
import { lacks, tool } from './support/tools.ts';

/** What git-lfs pushed to a real Gitea comes over, and git-lfs gets it from what is served inside. */
describe.skipIf(lacks('gitea', 'git-lfs', 'ssh-keygen'))(
  'Git LFS from a real Gitea',
  { timeout: 180_000 },
  () => {
    const cleanup = new AsyncDisposableStack();
    let home: TemporaryDirectory;
    let gitea: Gitea;
    let upstream: TestGitRepository;
    let machines: TwoMachines;
    let lfs: GitLfs;
    let url: string;

    beforeAll(async () => {
      home = cleanup.use(await temporaryDirectory());
      gitea = cleanup.use(await startGitea({ ssh: true }));
      url = `http://${gitea.host}/${gitea.organisation}/models.git`;
      lfs = await installGitLfs(home.join('user'), helperFor(gitea));
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

    const commit = (message: string, files: Readonly<Record<string, Uint8Array>>): Promise<void> =>
      commitFiles(lfs, upstream, message, files);

    interface LockPin {
      readonly lfs?: readonly unknown[];
    }
    async function pinned(): Promise<LockPin> {
      const text = await readFile(
        join(machines.outside.directory, 'bundles/line-a/bundle.lock.json'),
        'utf8',
      );
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

    it('is the same over SSH, where the host says over SSH what its Git LFS wants', async () => {
      const { outside } = machines;
      const file = join(outside.directory, 'bundles/line-a/bundle.yaml');
      const over = `${gitea.ssh?.url}/${gitea.organisation}/models.git`;
      const before = { text: await readFile(file, 'utf8'), pin: await pinned() };
      await writeFile(file, before.text.replace(url, over));
      await rm(join(outside.directory, 'depot'), { recursive: true });
      const PATH = await sshOf(gitea, home.join('bin'));
      const { DOCKER_CONFIG: _, ...environment } = outside.environment ?? {};
      const told = await gapferryJson({ ...outside, environment: { ...environment, PATH } }, [
        'collect',
        'bundles/line-a',
        '--first',
        '--version',
        '2.0.0',
      ]);
      expect(told).toMatchObject({ kind: 'sealed' });
      expect((await pinned()).lfs).toEqual(before.pin.lfs);
    });
  },
);

/** What git-lfs keeps on this machine goes to a Gitea of the plant, and from there to whoever clones. */
describe.skipIf(lacks('gitea', 'git-lfs', 'ssh-keygen'))(
  'Git LFS in a Gitea of the plant',
  { timeout: 180_000 },
  () => {
    const cleanup = new AsyncDisposableStack();
    let home: TemporaryDirectory;
    let gitea: Gitea;
    let upstream: TestGitRepository;
    let machines: TwoMachines;
    let lfs: GitLfs;
    let inside: Machine;

    beforeAll(async () => {
      home = cleanup.use(await temporaryDirectory());
      gitea = cleanup.use(await startGitea({ ssh: true }));
      const { username, password } = gitea.credentials;
      lfs = await installGitLfs(home.join('user'), helperFor(gitea));
      upstream = await createRepository(home.join('models'), [
        { message: 'Begin', files: { 'README.md': 'models\n' } },
      ]);
      await lfs.git(upstream.path, 'lfs', 'install', '--local');
      await lfs.git(upstream.path, 'lfs', 'track', '*.bin');
      await commitFiles(lfs, upstream, 'Add', {
        'a.bin': seededBuffer(3_000_000, 'a'),
        'deep/b.bin': Buffer.from('b\n'),
      });
      machines = await makeTwoMachines({
        bundle: `format: gapferry.bundle/1\nname: line-a\ngit:\n  - {url: "file://${upstream.path}", as: git.example.org/ops/models}\n`,
        environment: {},
      });
      cleanup.defer(() => machines.close());
      await writeFile(join(machines.inside.directory, 'site/forge.login'), `${username}:${password}\n`, {
        mode: 0o600,
      });
      inside = {
        ...machines.inside,
        environment: { ...machines.inside.environment, NETWORK_ALLOWED: gitea.host },
      };
      await siteWith('');
    }, 180_000);
    afterAll(() => cleanup.disposeAsync());

    async function siteWith(more: string): Promise<void> {
      const target = `name: forge, kind: gitea, url: "http://${gitea.host}", credentials: {file: forge.login}${more}`;
      const site = `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\ntargets:\n  - {${target}}\n`;
      await writeFile(join(inside.directory, 'site/site.yaml'), site);
    }
    const load = (): Promise<Reported> =>
      gapferryJson(inside, ['import', machines.stick, '--site', 'site/site.yaml', '--yes']);
    const uploads = (from: number): string[] =>
      gitea
        .accessLog()
        .slice(from)
        .flatMap(({ method, path }) => (method === 'PUT' && path.includes('/info/lfs/') ? [path] : []));
    async function cloned(path: string): Promise<ReadonlyMap<string, string>> {
      const clone = await mkdtemp(home.join('clone-'));
      await lfs.git(home.path, 'clone', '-q', `http://${gitea.host}/${path}.git`, clone);
      await lfs.git(clone, 'lfs', 'fsck');
      return await sums(clone);
    }

    it('has every file with the same sha256', async () => {
      await machines.collect('--first', '--version', '1.0.0');
      await machines.export();
      expect(await load()).toMatchObject({ kind: 'loaded' });
      expect(await cloned('git.example.org/ops-models')).toEqual(await sums(upstream.path));
      expect(uploads(0)).toHaveLength(2);
    });

    it('is only read by a second import', async () => {
      const before = gitea.accessLog().length;
      expect(await load()).toMatchObject({ kind: 'unchanged' });
      expect(uploads(before)).toEqual([]);
    });

    it('gets only what it lacks, before the refs', async () => {
      await commitFiles(lfs, upstream, 'More', { 'c.bin': seededBuffer(500_000, 'c') });
      await machines.collect('--version', '1.1.0');
      await machines.export();
      const before = gitea.accessLog().length;
      expect(await load()).toMatchObject({ kind: 'loaded' });
      expect(uploads(before)).toHaveLength(1);
      const order = gitea
        .accessLog()
        .slice(before)
        .filter(({ path }) => /\/git-receive-pack$|\/info\/lfs\/objects\/[0-9a-f]{64}/.test(path))
        .map(({ method }) => method);
      expect(order[0]).toBe('PUT');
      expect(order.slice(1).every((method) => method !== 'PUT')).toBe(true);
      expect(await cloned('git.example.org/ops-models')).toEqual(await sums(upstream.path));
    });

    it('gets it too where repositories are pushed over SSH', async () => {
      const { url, key, knownHosts } = gitea.ssh ?? { url: '', key: '', knownHosts: '' };
      await siteWith(
        `, path: "ssh/{name}", ssh: {url: "${url}", key: "${key}", knownHosts: "${knownHosts}"}`,
      );
      const text = await readFile(join(inside.directory, 'site/site.yaml'), 'utf8');
      await writeFile(join(inside.directory, 'site/site.yaml'), text.replace('name: forge', 'name: mirrors'));
      expect(await load()).toMatchObject({ kind: 'loaded' });
      expect(await cloned('ssh/models')).toEqual(await sums(upstream.path));
    });
  },
);

/** A PATH with an ssh that uses the administrator's key alone; ssh itself reads ~/.ssh whatever HOME says. */
async function sshOf({ ssh }: Gitea, bin: string): Promise<string> {
  await mkdir(bin);
  const options = `-oIdentityFile=${ssh?.key} -oIdentitiesOnly=yes -oIdentityAgent=none -oUserKnownHostsFile=${ssh?.knownHosts}`;
  await writeFile(join(bin, 'ssh'), `#!/bin/sh\nexec '${tool('ssh')}' -F none ${options} "$@"\n`, {
    mode: 0o755,
  });
  return `${bin}:${process.env['PATH']}`;
}

function helperFor({ credentials: { username, password } }: Gitea): Record<string, string> {
  return { 'credential.helper': `!f() { echo username=${username}; echo password=${password}; }; f` };
}

async function commitFiles(
  lfs: GitLfs,
  { path }: TestGitRepository,
  message: string,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<void> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(path, name, '..'), { recursive: true });
    await writeFile(join(path, name), content);
  }
  await lfs.git(path, 'add', '--all');
  await lfs.git(path, 'commit', '-q', '-m', message);
}

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
