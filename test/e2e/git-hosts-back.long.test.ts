import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  gitEnvironment,
  mustRun,
  startGiteaFake,
  startGitlabFake,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { allowGoingBack, orderBack } from '../support/going-back.ts';
import { atStep } from '../support/journal-steps.ts';
import { pinPolicy } from '../support/pin-policy.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const PLACE = 'git.upstream.example/line-a';
const credentials = { username: 'ferry', password: 'Sesam-47-token' };

let home: TemporaryDirectory;
let machines: TwoMachines;
/** Refs of upstream and its HEAD, by release. */
const upstream: Refs[] = [];

type Refs = Readonly<Record<string, string>>;

/** A Git host of one kind, which can keep main from being forced. */
interface Host extends AsyncDisposable {
  readonly address: string;
  /** Members of the target, as long as nothing of the host is to be lifted. */
  readonly target: string;
  seen(): Promise<Refs>;
  /** From now on main cannot be forced. */
  protect(): Promise<void>;
  /** What the import says that would force it, and its exit code. */
  readonly refused: { readonly code: number; readonly says: string };
  /** What the operator does then: another text of the target, or something at the host. */
  allow(): Promise<string>;
  /** The host's rules about branches. */
  rules(): unknown;
}

/** As git tells it, with HEAD. */
async function refsOf(directory: string): Promise<Refs> {
  const git = (...args: readonly string[]): Promise<string> =>
    mustRun('git', ['-C', directory, ...args], { env: gitEnvironment() });
  const lines = (await git('for-each-ref', '--format=%(refname) %(objectname)')).trim().split('\n');
  return {
    ...Object.fromEntries(lines.map((line) => line.split(' '))),
    HEAD: (await git('symbolic-ref', 'HEAD')).trim(),
  };
}

/** The site follows upstream: what is gone there goes, and tags move. */
const followed = (target: string, more = ''): string => `${target}, refs: {prune: true, tags: move${more}}`;

async function openGitea(): Promise<Host> {
  const fake = await startGiteaFake({ directory: home.join('gitea'), credentials });
  const target = `name: forge, kind: gitea, url: "${fake.url}", credentials: {env: FORGE}`;
  return {
    address: fake.host,
    target: followed(target),
    seen: () => refsOf(fake.repositories.directory(PLACE)),
    protect: async () => {
      const login = Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64');
      const answer = await fetch(`${fake.url}/api/v1/repos/${PLACE}/branch_protections`, {
        method: 'POST',
        headers: { authorization: `Basic ${login}`, 'content-type': 'application/json' },
        body: JSON.stringify({ rule_name: 'main', enable_push: true }),
      });
      expect(answer.status).toBe(201);
    },
    refused: { code: 7, says: 'the host protects it by the rule "main"' },
    allow: async () => followed(target, ', protected: lift'),
    rules: () => structuredClone(fake.repository(PLACE).branchRules),
    [Symbol.asyncDispose]: () => fake.close(),
  };
}

async function openGitlab(): Promise<Host> {
  const fake = await startGitlabFake({ directory: home.join('gitlab'), credentials });
  const target = `name: forge, kind: gitlab, url: "${fake.url}", credentials: {env: FORGE}`;
  return {
    address: fake.host,
    target: followed(target),
    seen: () => refsOf(fake.repositories.directory(PLACE)),
    // It did with the first push.
    protect: async () => {},
    refused: { code: 7, says: 'the host protects it by the rule "main"' },
    allow: async () => followed(target, ', protected: lift'),
    rules: () => structuredClone(fake.project(PLACE).protectedBranches),
    [Symbol.asyncDispose]: () => fake.close(),
  };
}

async function openDirectory(): Promise<Host> {
  const directory = join(machines.inside.directory, 'site/srv', `${PLACE}.git`);
  await mkdir(join(machines.inside.directory, 'site/srv'), { recursive: true });
  const target = followed('name: forge, kind: git, url: srv, path: "{host}/{path}"');
  const letForce = async (isLet: boolean): Promise<void> => {
    const args = ['-C', directory, 'config', 'receive.denyNonFastForwards', String(!isLet)];
    await mustRun('git', args, { env: gitEnvironment() });
  };
  return {
    address: 'localhost',
    target,
    seen: () => refsOf(directory),
    // As `git init --shared` has it.
    protect: () => letForce(false),
    refused: { code: 3, says: 'lets no branch be forced' },
    allow: async () => {
      await letForce(true);
      return target;
    },
    rules: () => [],
    [Symbol.asyncDispose]: async () => {},
  };
}

beforeAll(async () => {
  home = await temporaryDirectory();
  const source = await createRepository(home.join('line-a'), [
    { message: 'Begin', files: { a: 'a\n' }, tags: ['v1', 'stable'] },
    { message: 'Try', branch: 'wip', files: { w: 'w\n' } },
    { message: 'Aside', branch: 'rewritten', files: { r: 'r\n' } },
    { message: 'On', branch: 'main', files: { b: 'b\n' }, annotatedTags: { 'v1.1': 'Second' } },
  ]);
  const bundle = `format: gapferry.bundle/1\nname: line-a\ngit:\n  - {url: "file://${source.path}", as: ${PLACE}}\n`;
  machines = await makeTwoMachines({ bundle, environment: {} });
  await allowGoingBack(machines.inside, ['anna']);
  await release(source, '--first', '--version', '1.0.0');
  await comeFurther(source);
  await release(source, '--version', '1.1.0');
});
afterAll(async () => {
  await machines.close();
  await home.remove();
});

async function release({ path }: TestGitRepository, ...flags: readonly string[]): Promise<void> {
  await machines.collect(...flags);
  upstream.push(await refsOf(path));
}

/** Everything that can happen to refs: forward, forced, moved, new, gone, and another default branch. */
async function comeFurther(source: TestGitRepository): Promise<void> {
  await source.commit({ message: 'Further', files: { c: 'c\n' } });
  await source.commit({ message: 'And further', files: { c: 'cc\n' }, tags: ['v2'] });
  await source.git('tag', '-f', 'stable', 'main');
  await source.git('branch', '-D', 'wip');
  await source.git('switch', '-q', 'rewritten');
  await source.git('reset', '-q', '--hard', 'HEAD~1');
  await source.commit({ message: 'Aside, otherwise', files: { r: 'rr\n' } });
  await source.commit({ message: 'Next', branch: 'release/2', files: { d: 'd\n' } });
}

/** A site of its own with one target, and an order to go back. */
interface Site {
  readonly machine: Machine;
  readonly state: string;
  settle(target: string): Promise<void>;
  /** Release N of the depot. */
  import(number: number): Promise<Reported>;
  /** Signs the order that `back` names. */
  order(): Promise<void>;
  readonly back: readonly string[];
  readonly onward: readonly string[];
  readonly status: readonly string[];
}

async function settled(id: string, target: string, address = 'localhost'): Promise<Site> {
  const { directory, environment } = machines.inside;
  const { username: FORGE_USERNAME, password: FORGE_PASSWORD } = credentials;
  const reach = { NETWORK_ALLOWED: address, FORGE_USERNAME, FORGE_PASSWORD };
  const machine = { directory, environment: { ...environment, ...reach } };
  const [file, order] = [`site/site-${id}.yaml`, `back-${id}.sigstore.json`];
  const members = `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\nstate: state-${id}\n`;
  const given = ['--site', file, '--yes'];
  const settle: Site['settle'] = (text) =>
    writeFile(join(directory, file), `${members}targets:\n  - {${text}}\n`);
  await settle(target);
  await pinPolicy(machine, file);
  return {
    machine,
    state: join(directory, `site/state-${id}`),
    settle,
    import: (number) => {
      const place = `${join(machines.outside.directory, 'depot')}#line-a/${number}`;
      return gapferryJson(machine, ['import', place, ...given]);
    },
    order: async () => void (await orderBack(machine, file, { by: 'anna', file: order })),
    back: ['import', '--to', 'line-a/1', '--override', order, ...given],
    onward: ['import', '--to', 'line-a/2', ...given],
    status: ['status', '--site', file],
  };
}

const HOSTS: readonly (readonly [string, string, () => Promise<Host>])[] = [
  ['Gitea', 'gitea', openGitea],
  ['GitLab', 'gitlab', openGitlab],
  ['bare repositories in a directory', 'directory', openDirectory],
];

describe.each(HOSTS)('%s', (_, id, open) => {
  let host: Host;
  let site: Site;
  let second: Refs;
  let rules: unknown;

  beforeAll(async () => {
    host = await open();
    site = await settled(id, host.target, host.address);
    await site.import(1);
    expect(await host.seen()).toEqual(upstream[0]);
    await site.import(2);
    second = await host.seen();
    expect(second).toMatchObject(upstream[1] ?? {});
    await host.protect();
    rules = host.rules();
    await site.order();
  });
  afterAll(() => host[Symbol.asyncDispose]());

  it('keeps a branch that it protects where it is, and says what the operator may do', async () => {
    const { code, says } = host.refused;
    const told = await gapferryJson(site.machine, site.back, code);
    expect(JSON.stringify(told)).toContain(says.replaceAll('"', '\\"'));
    expect(await host.seen()).toEqual(second);
  });

  it('goes back by the same order, also after kill -9 while its refs are set and when they are', async () => {
    await site.settle(await host.allow());
    for (const at of ['after import.naming forge', 'before import.named forge']) await dieAt(at);
    expect(await gapferryJson(site.machine, site.back)).toMatchObject({ kind: 'loaded' });
    const now = await host.seen();
    const [old = {}, next = {}] = upstream;
    // What came with the newer one stays; what it deleted, moved and forced is back, HEAD too.
    expect(withoutBackups(now)).toEqual({ ...next, ...old });
    for (const ref of ['heads/main', 'heads/rewritten', 'tags/stable'])
      expect(now[`refs/gapferry/backup/1/${ref}`]).toBe(next[`refs/${ref}`]);
    expect(now).toMatchObject(onlyBackups(second));
    expect(host.rules()).toEqual(rules);
    await gapferryJson(site.machine, site.status);
  });

  async function dieAt(at: string): Promise<void> {
    const machine = atStep(site.machine, site.state, home.join(`steps-${id}`), at);
    expect((await gapferry(machine, site.back)).signal, at).toBe('SIGKILL');
  }

  it('goes on again without a medium: everything stands as before', async () => {
    expect(await gapferryJson(site.machine, site.onward)).toMatchObject({ kind: 'loaded' });
    const now = await host.seen();
    expect(withoutBackups(now)).toEqual(upstream[1]);
    expect(now).toMatchObject(second);
    expect(host.rules()).toEqual(rules);
    expect(await site.import(2)).toMatchObject({ kind: 'unchanged' });
  });
});

describe('the embedded depot', () => {
  it('goes back and on again, deletes no ref and keeps none aside', async () => {
    const seen = (): Promise<Refs> => refsOf(machines.embedded('git', `${PLACE}.git`));
    const [old = {}, next = {}] = upstream;
    const site = await settled('embedded', 'name: forge, kind: depot, path: embedded');
    for (const number of [1, 2]) await site.import(number);
    await site.order();
    expect(await gapferryJson(site.machine, site.back)).toMatchObject({ kind: 'loaded' });
    expect(await seen()).toEqual({ ...next, ...old });
    expect(await gapferryJson(site.machine, site.onward)).toMatchObject({ kind: 'loaded' });
    expect(await seen()).toEqual({ ...old, ...next });
  });
});

function withoutBackups(refs: Refs): Refs {
  return Object.fromEntries(Object.entries(refs).filter(([name]) => !isBackup(name)));
}

function onlyBackups(refs: Refs): Refs {
  return Object.fromEntries(Object.entries(refs).filter(([name]) => isBackup(name)));
}

function isBackup(name: string): boolean {
  return name.startsWith('refs/gapferry/backup/');
}
