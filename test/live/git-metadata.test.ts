import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  gitEnvironment,
  mustRun,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { type Gitea, startGitea } from './support/gitea.ts';
import { lacks } from './support/tools.ts';

const HOST = 'git.upstream.example';
const SITE = ['--site', 'site/site.yaml'];
const ABOUT = { description: 'Press line 3', homepage: 'https://line3.example/', topics: ['gitops', 'plc'] };

describe.skipIf(lacks('gitea'))('what Gitea says of a repository', { timeout: 120_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let gitea: Gitea;
  let upstream: TestGitRepository;
  let machines: TwoMachines;
  let inside: Machine;

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    gitea = cleanup.use(await startGitea());
    const { username, password } = gitea.credentials;
    await gitea.api('POST', '/orgs/plant/repos', { name: 'line-3', private: true, default_branch: 'main' });
    upstream = await createRepository(home.join('line-3'), [
      { message: 'Begin', files: { 'README.md': 'line 3\n' } },
      { message: 'Next', branch: 'trunk', files: { 'README.md': 'line 3, next\n' } },
    ]);
    const url = `http://${username}:${password}@${gitea.host}/plant/line-3.git`;
    await mustRun('git', ['push', '-q', '--all', url], { cwd: upstream.path, env: gitEnvironment() });
    await describeUpstream('Press line 3', 'https://line3.example', ['plc', 'gitops']);
    const auth = Buffer.from(`${username}:${password}`).toString('base64');
    await writeFile(home.join('config.json'), JSON.stringify({ auths: { [gitea.host]: { auth } } }), {
      mode: 0o600,
    });
    const wish = `{url: "http://${gitea.host}/plant/line-3.git", as: "${HOST}/plant/line-3"}`;
    machines = await makeTwoMachines({
      bundle: `format: gapferry.bundle/1\nname: line-a\nhosts: {"${gitea.host}": {api: gitea}}\ngit:\n  - ${wish}\n`,
      environment: { DOCKER_CONFIG: home.path },
    });
    cleanup.defer(() => machines.close());
    await writeFile(join(machines.inside.directory, 'site/forge.login'), `${username}:${password}\n`, {
      mode: 0o600,
    });
    const target = `name: forge, kind: gitea, url: "http://${gitea.host}", credentials: {file: forge.login}`;
    await writeFile(
      join(machines.inside.directory, 'site/site.yaml'),
      `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\ntargets:\n  - {${target}}\n`,
    );
    const environment = { ...machines.inside.environment, NETWORK_ALLOWED: gitea.host };
    inside = { ...machines.inside, environment };
  }, 120_000);
  afterAll(() => cleanup.disposeAsync());

  async function describeUpstream(
    description: string,
    website: string,
    topics: readonly string[],
  ): Promise<void> {
    await gitea.api('PATCH', '/repos/plant/line-3', { description, website });
    await gitea.api('PUT', '/repos/plant/line-3/topics', { topics });
  }

  const load = (): Promise<Reported> => gapferryJson(inside, ['import', machines.stick, ...SITE, '--yes']);
  const there = async (): Promise<Record<string, unknown>> =>
    (await gitea.api('GET', `/repos/${HOST}/plant-line-3`)) as Record<string, unknown>;
  const pinned = async (): Promise<unknown> => {
    const lock = await readFile(join(machines.outside.directory, 'bundles/line-a/bundle.lock.json'), 'utf8');
    return JSON.parse(lock).pins[0].about;
  };
  /** What is asked and done at Gitea meanwhile. */
  async function asked(act: () => Promise<unknown>): Promise<string[]> {
    const before = gitea.accessLog().length;
    await act();
    return gitea
      .accessLog()
      .slice(before)
      .map(({ method, path }) => `${method} ${path}`);
  }

  it('is pinned, carried, and said by another Gitea', async () => {
    await machines.collect('--first', '--version', '1.0.0');
    await machines.export();
    expect(await pinned()).toEqual(ABOUT);
    expect(await load()).toMatchObject({ kind: 'loaded' });
    expect(await there()).toMatchObject({
      description: expect.stringMatching(/^Press line 3 — Mirror of http:.*\(release 1\)$/),
      website: 'https://line3.example/',
      topics: ['gitops', 'plc'],
      default_branch: 'main',
    });
  });

  it('is only read by a second import, and not even asked for with --locked', async () => {
    const again = await asked(async () => expect(await load()).toMatchObject({ kind: 'unchanged' }));
    const question = `GET /api/v1/repos/${HOST}/plant-line-3`;
    const questions = (lines: readonly string[]): string[] =>
      lines.filter((line) => line.includes('/api/v1/'));
    // Once to plan, once to prove that what was planned to stand there does.
    expect(questions(again)).toEqual(['GET /api/v1/user', question, question]);
    const planned = await asked(() => gapferry(inside, ['plan', machines.stick, ...SITE]));
    expect(questions(planned)).toEqual(['GET /api/v1/user', question]);
    expect(again.filter((line) => line.includes('receive-pack'))).toEqual([]);
    const locked = await asked(() => machines.collect('--locked', '--version', '1.0.1'));
    expect(locked.filter((line) => line.includes('/api/'))).toEqual([]);
  });

  it('changes alone, with the default branch: told by diff and plan, set without a push', async () => {
    await describeUpstream('Press line 3, hall 2', '', ['plc', 'scada']);
    const drift = await gapferryJson(machines.outside, ['resolve', 'bundles/line-a', '--check'], 10);
    expect(drift).toMatchObject({ drift: [{ kind: 'git', change: 'described' }] });
    await gitea.api('PATCH', '/repos/plant/line-3', { default_branch: 'trunk' });
    await machines.collect('--version', '1.1.0');
    await machines.export();
    const diff = await gapferry(machines.outside, ['diff', 'depot#line-a/1', 'depot']);
    expect(diff.stdout).toContain('"Press line 3" → "Press line 3, hall 2"');
    expect(diff.stdout).toContain('+scada −gitops');
    expect(diff.stdout).toContain('main → trunk');
    const { stdout } = await gapferry(inside, ['plan', machines.stick, ...SITE]);
    expect(stdout).toContain('"https://line3.example/" → none');
    const done = await asked(async () => expect(await load()).toMatchObject({ kind: 'loaded' }));
    expect(done.filter((line) => !/^(?:GET|POST .*git-upload-pack$)/.test(line))).toEqual([
      `PATCH /api/v1/repos/${HOST}/plant-line-3`,
      `PUT /api/v1/repos/${HOST}/plant-line-3/topics`,
    ]);
    expect(await there()).toMatchObject({
      description: expect.stringMatching(/^Press line 3, hall 2 — Mirror of .* 1\.1\.0 \(release \d\)$/),
      website: '',
      topics: ['plc', 'scada'],
      default_branch: 'trunk',
    });
  });

  it('stays where somebody inside wrote it', async () => {
    await gitea.api('PUT', `/repos/${HOST}/plant-line-3/topics`, { topics: ['ours'] });
    await gitea.api('PATCH', `/repos/${HOST}/plant-line-3`, { description: 'Ask Ada' });
    await describeUpstream('Press line 3, hall 3', 'https://hall3.example', ['press']);
    await machines.collect('--version', '1.2.0');
    await machines.export();
    expect(await load()).toMatchObject({ kind: 'loaded' });
    expect(await there()).toMatchObject({
      description: 'Ask Ada',
      website: 'https://hall3.example/',
      topics: ['ours'],
    });
  });

  it('is a warning where the API lets nobody ask, and stays as the lock has it', async () => {
    const about = await pinned();
    const file = join(machines.outside.directory, 'bundles/line-a/bundle.yaml');
    await writeFile(file, (await readFile(file, 'utf8')).replace('api: gitea', 'api: gitlab'));
    const { stderr } = await gapferry(machines.outside, ['collect', 'bundles/line-a', '--version', '1.3.0']);
    expect(stderr).toContain('api: none');
    expect(await pinned()).toEqual(about);
  });
});
