import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  type GiteaFake,
  gitEnvironment,
  startGiteaFake,
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
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const HOST = 'git.upstream.example';
const credentials = { username: 'ferry', password: 'Sesam-47-token' };
const SITE = ['--site', 'site/site.yaml'];

let home: TemporaryDirectory;
let machines: TwoMachines;
let gitea: GiteaFake;
let inside: Machine;
const upstream = new Map<string, TestGitRepository>();

beforeAll(async () => {
  home = await temporaryDirectory();
  gitea = await startGiteaFake({ directory: home.join('srv'), credentials });
  for (const name of ['alpha', 'beta'])
    upstream.set(name, await createRepository(home.join(name), [{ message: 'Begin', files: { a: name } }]));
  const wishes = [...upstream.keys()].map(
    (name) => `  - {url: "file://${home.join(name)}", as: "${HOST}/${name}"}\n`,
  );
  const bundle = `format: gapferry.bundle/1\nname: line-a\ngit:\n${wishes.join('')}`;
  machines = await makeTwoMachines({ bundle, environment: {} });
  const { directory, environment } = machines.inside;
  inside = {
    directory,
    environment: {
      ...environment,
      NETWORK_ALLOWED: gitea.host,
      FORGE_USERNAME: credentials.username,
      FORGE_PASSWORD: credentials.password,
    },
  };
  const target = `name: forge, kind: gitea, url: "${gitea.url}", credentials: {env: FORGE}`;
  const site = `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\ntargets:\n  - {${target}}\n`;
  await writeFile(join(directory, 'site/site.yaml'), site);
}, 60_000);
afterAll(async () => {
  await gitea.close();
  await machines.close();
  await home.remove();
});

async function release(version: string, ...flags: readonly string[]): Promise<void> {
  await machines.collect('--version', version, ...flags);
  await machines.export();
}

const load = (exitCode = 0): Promise<Reported> =>
  gapferryJson(inside, ['import', machines.stick, ...SITE, '--yes'], exitCode);
const there = (name: string): Promise<Record<string, string>> => gitea.repositories.refs(`${HOST}/${name}`);
/** Somebody at the host sets a branch. */
const setThere = (name: string, oid: string): void =>
  void execFileSync(
    'git',
    ['--git-dir', gitea.repositories.directory(`${HOST}/${name}`), 'update-ref', 'refs/heads/main', oid],
    {
      env: gitEnvironment(),
    },
  );
const commit = async (name: string): Promise<void> =>
  void (await upstream.get(name)?.commit({ message: 'On', files: { b: name } }));

interface Recorded {
  readonly bytes: number;
  readonly items: ReadonlyArray<{
    readonly item: string;
    readonly outcome: string;
    readonly error?: { readonly code: string };
  }>;
}

describe('a site with a Gitea', { timeout: 60_000 }, () => {
  it('gets its repositories, and a receipt', async () => {
    await release('1.0.0', '--first');
    const plan = await gapferry(inside, ['plan', machines.stick, ...SITE]);
    expect(plan.stdout).toContain('new repository');
    const told = await load();
    expect(told).toMatchObject({
      kind: 'loaded',
      receipt: { status: 'loaded', items: { loaded: 2, failed: 0 } },
    });
    expect(JSON.stringify(told)).not.toContain(credentials.password);
    for (const [name, repository] of upstream) expect(await there(name)).toEqual(await repository.refs());
  });

  it('is asked and changed nothing when everything is there', async () => {
    const before = gitea.requests.length;
    expect(await load()).toMatchObject({ kind: 'unchanged' });
    const asked = gitea.requests.slice(before).map(({ method, url }) => `${method} ${url}`);
    expect(asked.filter((line) => !line.startsWith('GET ') && !line.endsWith('/git-upload-pack'))).toEqual(
      [],
    );
  });

  it('goes on with the others when one repository was changed meanwhile: exit 3, the record says which, and the next import after it is right', async () => {
    const old = (await there('beta'))['refs/heads/main'] ?? '';
    for (const name of upstream.keys()) await commit(name);
    await release('1.1.0');
    const stranger = execFileSync(
      'git',
      [
        '--git-dir',
        gitea.repositories.directory(`${HOST}/beta`),
        'commit-tree',
        `${old}^{tree}`,
        '-p',
        old,
        '-m',
        'hot fix',
      ],
      {
        env: gitEnvironment(),
        encoding: 'utf8',
      },
    ).trim();
    // In the moment in which the objects of the other one begin to come.
    gitea.addFault({
      match: ({ method, path }) => {
        if (method === 'POST' && path.endsWith('/alpha.git/git-receive-pack')) setThere('beta', stranger);
        return false;
      },
      do: { kind: 'stall' },
    });
    const told = (await load(3)) as Reported & { readonly record: Recorded };
    gitea.clearFaults();
    expect(told.record.items.map(({ item, outcome, error }) => [item, outcome, error?.code])).toEqual([
      [`git ${HOST}/alpha`, 'loaded', undefined],
      [`git ${HOST}/beta`, 'failed', 'TARGET_CONFLICT'],
    ]);
    expect((await there('alpha'))['refs/heads/main']).toBe(
      (await upstream.get('alpha')?.refs())?.['refs/heads/main'],
    );
    expect((await there('beta'))['refs/heads/main']).toBe(stranger);
    const { error } = await load(7);
    expect(error).toMatchObject({ code: 'TARGET_CONFLICT' });
    expect(error?.message).toContain(
      `git ${HOST}/beta at target forge refs/heads/main stands at ${stranger}`,
    );
    setThere('beta', old);
    expect(await load()).toMatchObject({ kind: 'loaded' });
    expect((await there('beta'))['refs/heads/main']).toBe(
      (await upstream.get('beta')?.refs())?.['refs/heads/main'],
    );
  });

  it('goes on after kill -9 in the middle of a push, sends what is missing, and leaves nothing of it there', async () => {
    for (const name of upstream.keys())
      await upstream.get(name)?.commit({ message: 'Last', files: { c: `${name}, last` } });
    await release('1.2.0');
    const { program, argv, cwd, env } = gapferryCommand(inside, ['import', machines.stick, ...SITE, '--yes']);
    const child = spawn(program, argv, { cwd, env: { ...env }, stdio: 'ignore' });
    const pushed = new Map<string, number>();
    gitea.addFault({
      // The second push to a repository is that of its names.
      match: ({ method, path }) => {
        if (method !== 'POST' || !path.endsWith('/git-receive-pack')) return false;
        pushed.set(path, (pushed.get(path) ?? 0) + 1);
        return (pushed.get(path) ?? 0) > 1 && child.kill('SIGKILL');
      },
      do: { kind: 'cutUpload', afterBytes: 10 },
    });
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    gitea.clearFaults();
    expect(signal).toBe('SIGKILL');
    const before = gitea.requests.length;
    // The git that was pushing may outlive its parent for a moment, and end what it began.
    const { kind, record } = (await load()) as Reported & { readonly record: Recorded };
    expect(['loaded', 'unchanged']).toContain(kind);
    expect(record.bytes).toBe(0);
    for (const [name, repository] of upstream) {
      expect(await there(name)).toEqual(await repository.refs());
      // The objects were there: only the names are pushed again.
      const again = gitea.requests
        .slice(before)
        .filter(({ method, url }) => method === 'POST' && url.endsWith(`/${name}.git/git-receive-pack`));
      expect(again.length).toBeLessThanOrEqual(1);
    }
  });

  it('leaves no work behind, and reached nobody else', async () => {
    expect(await readdir(join(inside.directory, 'site/state/pushing'))).toEqual([]);
    expect(await machines.reached()).toBe('');
  });
});
