import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  gitEnvironment,
  mustRun,
  openRepository,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  gapferry,
  gapferryCommand,
  gapferryJson,
  type Machine,
  type Reported,
} from '../support/command-line.ts';
import { allowGoingBack, orderBack } from '../support/going-back.ts';
import { pinPolicy } from '../support/pin-policy.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import { type Gitea, startGitea } from './support/gitea.ts';
import { killWhen } from './support/kill-when.ts';
import { lacks } from './support/tools.ts';

const HOST = 'git.upstream.example';
const SITE = ['--site', 'site/site.yaml'];

describe.skipIf(lacks('gitea', 'ssh-keygen'))('a Gitea of the plant', { timeout: 120_000 }, () => {
  const cleanup = new AsyncDisposableStack();
  let home: TemporaryDirectory;
  let upstream: TestGitRepository;
  let machines: TwoMachines;
  let gitea: Gitea;
  let inside: Machine;
  let version = 0;

  beforeAll(async () => {
    home = cleanup.use(await temporaryDirectory());
    gitea = cleanup.use(await startGitea({ ssh: true }));
    upstream = await createRepository(home.join('line-a'), [
      { message: 'Begin', files: { 'README.md': 'line A\n' }, tags: ['v1.0'] },
      { message: 'Go on', files: { 'deploy/app.yaml': 'kind: List\n' }, annotatedTags: { 'v1.1': 'Second' } },
      { message: 'Aside', branch: 'release/1', files: { 'deploy/app.yaml': 'kind: List # 1\n' } },
      { message: 'Try', branch: 'wip', files: { 'x.txt': 'x\n' } },
      { message: 'Main again', branch: 'main', files: { 'README.md': 'line A, again\n' } },
    ]);
    await createRepository(home.join('tools'), [{ message: 'Begin', files: { Makefile: 'all:\n' } }]);
    const wishes = ['line-a', 'tools'].map(
      (name) => `  - {url: "file://${home.join(name)}", as: "${HOST}/ops/${name}"}\n`,
    );
    const bundle = `format: gapferry.bundle/1\nname: line-a\ngit:\n${wishes.join('')}`;
    machines = await makeTwoMachines({ bundle, environment: {} });
    cleanup.defer(() => machines.close());
    const { username, password } = gitea.credentials;
    await writeFile(join(machines.inside.directory, 'site/forge.login'), `${username}:${password}\n`, {
      mode: 0o600,
    });
    inside = {
      ...machines.inside,
      environment: { ...machines.inside.environment, NETWORK_ALLOWED: gitea.host },
    };
  }, 120_000);
  afterAll(() => cleanup.disposeAsync());

  async function siteWith(more = ''): Promise<void> {
    const target = `name: forge, kind: gitea, url: "http://${gitea.host}", credentials: {file: forge.login}${more}`;
    const site = `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\ntargets:\n  - {${target}}\n`;
    await writeFile(join(inside.directory, 'site/site.yaml'), site);
  }

  async function release(): Promise<void> {
    version += 1;
    await machines.collect(...(version === 1 ? ['--first'] : []), '--version', `1.${version}.0`);
    await machines.export();
  }

  const load = (exitCode = 0): Promise<Reported> =>
    gapferryJson(inside, ['import', machines.stick, ...SITE, '--yes'], exitCode);
  const plan = async (): Promise<string> =>
    (await gapferry(inside, ['plan', machines.stick, ...SITE])).stdout;
  const git = (...args: readonly string[]): Promise<string> =>
    mustRun('git', args, { env: gitEnvironment() });
  const urlOf = (name: string): string => {
    const { username, password } = gitea.credentials;
    return `http://${username}:${password}@${gitea.host}/${HOST}/${name}.git`;
  };
  async function refsAt(name: string): Promise<Record<string, string>> {
    const lines = (await git('ls-remote', urlOf(name)))
      .split('\n')
      .filter((line) => line.includes('\trefs/') && !line.endsWith('^{}'));
    return Object.fromEntries(lines.map((line) => line.split('\t').reverse() as [string, string]));
  }
  const visible = (refs: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(refs).filter(([name]) => /^refs\/(heads|tags)\//.test(name)));

  it('gets organisation and private repositories with default branch and provenance, and exactly the refs of upstream', async () => {
    await siteWith();
    await release();
    expect(await plan()).toContain('new repository');
    expect(await load()).toMatchObject({ kind: 'loaded' });
    expect(await refsAt('ops-line-a')).toEqual(await upstream.refs());
    expect(await gitea.api('GET', `/repos/${HOST}/ops-line-a`)).toMatchObject({
      private: true,
      default_branch: 'main',
      description: expect.stringMatching(
        /^Mirror of file:.*line-a, loaded by gapferry with line-a 1\.1\.0 \(release 1\)$/,
      ),
    });
    expect(await gitea.api('GET', `/orgs/${HOST}`)).toMatchObject({ visibility: 'private' });
  });

  it('clones to the same refs as upstream, clean', async () => {
    const mirrored = async (url: string, name: string): Promise<string> => {
      await git('clone', '-q', '--mirror', url, home.join(name));
      await git('--git-dir', home.join(name), 'fsck', '--full', '--strict');
      return await git('--git-dir', home.join(name), 'show-ref');
    };
    expect(await mirrored(urlOf('ops-line-a'), 'from-gitea')).toBe(
      await mirrored(`file://${upstream.path}`, 'from-upstream'),
    );
  });

  it('is only read by a second import of the same release', async () => {
    const before = gitea.accessLog().length;
    expect(await load()).toMatchObject({ kind: 'unchanged' });
    const asked = gitea.accessLog().slice(before);
    expect(asked.length).toBeGreaterThan(4);
    const changing = asked.filter(
      ({ method, path }) => method !== 'GET' && !(method === 'POST' && path.endsWith('/git-upload-pack')),
    );
    expect(changing).toEqual([]);
    expect(asked.filter(({ path }) => path.includes('git-receive-pack'))).toEqual([]);
  });

  it('gets what is forced with a backup, what is new, and nothing else moved', async () => {
    const before = await upstream.refs();
    await upstream.git('switch', '-q', 'release/1');
    await upstream.git('reset', '-q', '--hard', 'main~1');
    await upstream.commit({ message: 'Other', files: { 'other.txt': 'o\n' } });
    await upstream.commit({ message: 'More', branch: 'main', files: { 'more.txt': 'm\n' } });
    await upstream.git('branch', '-q', '-D', 'wip');
    await release();
    const told = await plan();
    expect(told).toContain('main: fast-forward (1 commit)');
    expect(told).toContain('release/1: forced');
    expect(told).toContain('refs/gapferry/backup/2/heads/release/1');
    expect(await load()).toMatchObject({ kind: 'loaded' });
    const now = await refsAt('ops-line-a');
    expect(now).toEqual({
      ...(await upstream.refs()),
      'refs/heads/wip': before['refs/heads/wip'],
      'refs/gapferry/backup/2/heads/release/1': before['refs/heads/release/1'],
    });
  });

  it('loses a branch that upstream has no more only when the policy prunes, and keeps it aside', async () => {
    const wip = (await refsAt('ops-line-a'))['refs/heads/wip'];
    await siteWith(', refs: {prune: true}');
    expect(await plan()).toContain('wip: deleted');
    expect(await load()).toMatchObject({ kind: 'loaded' });
    const now = await refsAt('ops-line-a');
    expect(visible(now)).toEqual(await upstream.refs());
    expect(now['refs/gapferry/backup/2/heads/wip']).toBe(wip);
    expect(await load()).toMatchObject({ kind: 'unchanged' });
  });

  it('never has a tag moved, unless the policy says so', async () => {
    await siteWith();
    const old = (await upstream.refs())['refs/tags/v1.0'];
    await upstream.git('tag', '-f', 'v1.0', 'main');
    await upstream.commit({ message: 'Beside', branch: 'main', files: { 'beside.txt': 'b\n' } });
    await release();
    const before = await refsAt('ops-line-a');
    const { error } = await load(7);
    expect(error).toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(error?.message).toContain('refs/tags/v1.0');
    expect(await refsAt('ops-line-a')).toEqual(before);
    await siteWith(', refs: {tags: move}');
    expect(await plan()).toContain('tag v1.0: moved');
    expect(await load()).toMatchObject({ kind: 'loaded' });
    const now = await refsAt('ops-line-a');
    expect(visible(now)).toEqual(await upstream.refs());
    expect(now['refs/gapferry/backup/3/tags/v1.0']).toBe(old);
  });

  const RULES = `/repos/${HOST}/ops-line-a/branch_protections`;
  const rule = {
    rule_name: 'release/*',
    enable_push: false,
    required_approvals: 2,
    enable_force_push: false,
  };

  it('has its protected branches respected: exit 7 before anything is done', async () => {
    await siteWith();
    await gitea.api('POST', RULES, rule);
    await upstream.commit({ message: 'Fix', branch: 'release/1', files: { 'fix.txt': 'f\n' } });
    await upstream.git('switch', '-q', 'main');
    await release();
    const before = await refsAt('ops-line-a');
    const { error } = await load(7);
    expect(error?.message).toContain('release/*');
    expect(await refsAt('ops-line-a')).toEqual(before);
  });

  it('has them lifted and restored where the policy lifts, also when the branch is forced', async () => {
    const before = await gitea.api('GET', RULES);
    await siteWith(', refs: {protected: lift}');
    await upstream.git('switch', '-q', 'release/1');
    await upstream.git('reset', '-q', '--hard', 'main~2');
    await upstream.commit({ message: 'Once more', files: { 'again.txt': 'a\n' } });
    await upstream.git('switch', '-q', 'main');
    await release();
    expect(await plan()).toContain('the rule "release/*" is lifted for it');
    expect(await load()).toMatchObject({ kind: 'loaded' });
    expect(visible(await refsAt('ops-line-a'))).toEqual(await upstream.refs());
    expect(withoutTimes(await gitea.api('GET', RULES))).toEqual(withoutTimes(before));
  });

  it('has them restored by the next import when one was killed while they were lifted', async () => {
    const before = await gitea.api('GET', RULES);
    await upstream.commit({ message: 'Last', branch: 'release/1', files: { 'last.txt': 'l\n' } });
    await upstream.git('switch', '-q', 'main');
    await release();
    const lifted = async (): Promise<boolean> =>
      JSON.stringify(withoutTimes(await gitea.api('GET', RULES))) !== JSON.stringify(withoutTimes(before));
    await killWhen(gapferryCommand(inside, ['import', machines.stick, ...SITE, '--yes']), lifted);
    await load();
    expect(visible(await refsAt('ops-line-a'))).toEqual(await upstream.refs());
    expect(withoutTimes(await gitea.api('GET', RULES))).toEqual(withoutTimes(before));
    await gitea.api('DELETE', `${RULES}/${encodeURIComponent('release/*')}`);
  });

  it('keeps what somebody did there: exit 7, and nothing is done', async () => {
    await siteWith();
    const clone = home.join('operator');
    await git('clone', '-q', urlOf('ops-line-a'), clone);
    const operator = await openRepository(clone);
    await operator.commit({ message: 'Hot fix', files: { 'hot.txt': 'h\n' } });
    await operator.git('push', '-q', 'origin', 'main');
    await upstream.commit({ message: 'Away', branch: 'main', files: { 'away.txt': 'w\n' } });
    await release();
    const before = await refsAt('ops-line-a');
    const { error } = await load(7);
    expect(error?.message).toContain('refs/heads/main stands at');
    expect(await refsAt('ops-line-a')).toEqual(before);
    await operator.git('reset', '-q', '--hard', 'HEAD~1');
    await operator.git('push', '-q', '-f', 'origin', 'main');
    expect(await load()).toMatchObject({ kind: 'loaded' });
  });

  it('is not loaded where a repository is archived that something would come to: exit 7', async () => {
    const tools = await openRepository(home.join('tools'));
    await tools.commit({ message: 'Sharpen', files: { Makefile: 'all: sharp\n' } });
    await release();
    await gitea.api('PATCH', `/repos/${HOST}/ops-tools`, { archived: true });
    const { error } = await load(7);
    expect(error).toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(error?.message).toContain('it is archived');
    await gitea.api('PATCH', `/repos/${HOST}/ops-tools`, { archived: false });
    expect(await load()).toMatchObject({ kind: 'loaded' });
  });

  it('goes back to the release before with one order, also after kill -9 while a rule is lifted, and on again', async () => {
    const [old, url] = [await upstream.refs(), `/repos/${HOST}/ops-line-a`];
    await upstream.commit({
      message: 'Wrong',
      branch: 'main',
      files: { 'wrong.txt': 'w\n' },
      tags: ['v2.0'],
    });
    await upstream.commit({ message: 'Next', branch: 'next', files: { 'next.txt': 'n\n' } });
    await release();
    expect(await load()).toMatchObject({ kind: 'loaded' });
    expect(await gitea.api('GET', url)).toMatchObject({ default_branch: 'next' });
    const [loaded, next] = [await refsAt('ops-line-a'), await upstream.refs()];
    await gitea.api('POST', RULES, { ...rule, rule_name: 'main', enable_push: true });
    const before = withoutTimes(await gitea.api('GET', RULES));

    await allowGoingBack(inside, ['anna']);
    await pinPolicy(inside);
    const to = `line-a/${version - 1}`;
    await orderBack(inside, 'site/site.yaml', { by: 'anna', file: 'back.json', to });
    const back = ['import', '--to', to, '--override', 'back.json', ...SITE, '--yes'];
    expect((await gapferryJson(inside, back, 7)).error?.message).toContain('the rule "main"');
    await siteWith(', refs: {protected: lift}');
    const lifted = async (): Promise<boolean> =>
      JSON.stringify(withoutTimes(await gitea.api('GET', RULES))) !== JSON.stringify(before);
    await killWhen(gapferryCommand(inside, back), lifted);
    await gapferryJson(inside, back);
    const now = await refsAt('ops-line-a');
    expect(visible(now)).toEqual({ ...visible(next), ...visible(old) });
    expect(now[`refs/gapferry/backup/${version - 1}/heads/main`]).toBe(next['refs/heads/main']);
    expect(await gitea.api('GET', url)).toMatchObject({ default_branch: 'main' });
    expect(withoutTimes(await gitea.api('GET', RULES))).toEqual(before);
    expect((await gapferryJson(inside, back, 4)).error?.code).toBe('OVERRIDE_REFUSED');

    expect(
      await gapferryJson(inside, ['import', '--to', `line-a/${version}`, ...SITE, '--yes']),
    ).toMatchObject({ kind: 'loaded' });
    expect(await refsAt('ops-line-a')).toMatchObject(loaded);
    expect(await gitea.api('GET', url)).toMatchObject({ default_branch: 'next' });
    await gitea.api('DELETE', `${RULES}/main`);
    await siteWith();
  });

  it('is refused with a token that is none, which is nowhere to be read', async () => {
    await writeFile(join(inside.directory, 'site/wrong.login'), 'plant-admin:wrong-Sesam-4711\n', {
      mode: 0o600,
    });
    const text = await readFile(join(inside.directory, 'site/site.yaml'), 'utf8');
    await writeFile(join(inside.directory, 'site/site.yaml'), text.replace('forge.login', 'wrong.login'));
    const told = await load(6);
    expect(told.error).toMatchObject({ code: 'UNAUTHORIZED', origin: 'target' });
    expect(JSON.stringify(told)).not.toContain('wrong-Sesam');
  });

  it('takes another mapping over SSH, and the same refs', async () => {
    if (gitea.ssh === undefined) throw new Error('there is no SSH');
    const { url, key, knownHosts } = gitea.ssh;
    await siteWith(
      `, path: "mirrors/{name}", ssh: {url: "${url}", key: "${key}", knownHosts: "${knownHosts}"}`,
    );
    const text = await readFile(join(inside.directory, 'site/site.yaml'), 'utf8');
    await writeFile(join(inside.directory, 'site/site.yaml'), text.replace('name: forge', 'name: mirrors'));
    const before = gitea.accessLog().length;
    expect(await load()).toMatchObject({ kind: 'loaded' });
    const listed = await git('ls-remote', urlOf('line-a').replace(`/${HOST}/`, '/mirrors/'));
    for (const [name, oid] of Object.entries(await upstream.refs()))
      expect(listed).toContain(`${oid}\t${name}`);
    const pushed = gitea
      .accessLog()
      .slice(before)
      .filter(({ path }) => path.endsWith('/git-receive-pack') && !path.startsWith('/api/'));
    expect(pushed).toEqual([]);
    expect(await load()).toMatchObject({ kind: 'unchanged' });
  });
});

function withoutTimes(rules: unknown): unknown {
  return (rules as Array<Record<string, unknown>>).map(({ updated_at: _, ...rule }) => rule);
}
