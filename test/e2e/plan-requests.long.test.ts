import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  type GiteaFake,
  gitEnvironment,
  makeImage,
  mustRun,
  type S3Server,
  startGiteaFake,
  startRegistry,
  startS3Server,
  type TemporaryDirectory,
  type TestRegistry,
  type TestServer,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';

const HOST = 'registry.upstream.example';
const SITE = ['--site', 'site/site.yaml'];
const CREDENTIALS = { username: 'ferry', password: 'Sesam-47-token' };
const IMAGES = 6;
const REPOSITORIES = 4;
const FILES = 50;

let home: TemporaryDirectory;
let machines: TwoMachines;
let upstream: TestRegistry;
let registry: TestRegistry;
let gitea: GiteaFake;
let store: S3Server;
let inside: Machine;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

beforeAll(async () => {
  home = await temporaryDirectory();
  upstream = await startRegistry();
  registry = await startRegistry();
  gitea = await startGiteaFake({ directory: home.join('srv'), credentials: CREDENTIALS });
  store = await startS3Server();
  machines = await makeTwoMachines({
    bundle: await makeUpstream(),
    environment: {
      GAPFERRY_CONNECT_TO: [80, 443].map((port) => `${HOST}:${port}=${upstream.host}`).join(','),
    },
  });
  inside = {
    ...machines.inside,
    environment: {
      ...machines.inside.environment,
      NETWORK_ALLOWED: [registry, gitea, store].map(({ host }) => host).join(','),
      FORGE_USERNAME: CREDENTIALS.username,
      FORGE_PASSWORD: CREDENTIALS.password,
      STORE_USERNAME: store.accessKey,
      STORE_PASSWORD: store.secretKey,
    },
  };
  const targets = [
    `{name: registry, kind: registry, url: "${registry.url}"}`,
    `{name: forge, kind: gitea, url: "${gitea.url}", path: "plant/{name}", credentials: {env: FORGE}}`,
    `{name: store, kind: s3, endpoint: "${store.url}", bucket: plant, create: true, credentials: {env: STORE}}`,
  ];
  await writeFile(
    join(inside.directory, 'site/site.yaml'),
    `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\ntargets:\n${targets.map((target) => `  - ${target}\n`).join('')}`,
  );
  await machines.collect('--first', '--version', '1.0.0');
  await machines.export();
}, 60_000);
afterAll(async () => {
  for (const server of [upstream, registry, gitea, store]) await server.close();
  await machines.close();
  await home.remove();
});

async function makeUpstream(): Promise<string> {
  for (const i of numbers(IMAGES))
    upstream.seedImage(`line-a/app-${i}`, '1.0', await makeImage({ seed: `${i}` }));
  for (const i of numbers(REPOSITORIES))
    await createRepository(home.join(`r${i}`), [
      { message: 'one', files: { 'a.txt': `${i}\n` }, tags: ['v1'] },
    ]);
  await mkdir(home.join('many'));
  for (const i of numbers(FILES)) await writeFile(home.join('many', `${i}.txt`), `file ${i}\n`);
  const images = numbers(IMAGES).map((i) => `  - ${HOST}/line-a/app-${i}:1.0\n`);
  const git = numbers(REPOSITORIES).map(
    (i) => `  - {url: "file://${home.join(`r${i}`)}", as: "git.example/plant/r${i}"}\n`,
  );
  return `format: gapferry.bundle/1\nname: line-a\ninsecure: [${HOST}]\nimages:\n${images.join('')}git:\n${git.join('')}files:\n  - {path: "${home.join('many')}", as: many}\n`;
}

function load(): Promise<Reported> {
  return gapferryJson(inside, ['import', machines.stick, ...SITE, '--yes']);
}

/** How many requests the registry, the Git host and the store got meanwhile. */
async function asked(act: () => Promise<unknown>): Promise<number[]> {
  const servers: readonly TestServer[] = [registry, gitea, store];
  const before = servers.map(({ requests }) => requests.length);
  await act();
  return servers.map(({ requests }, i) => requests.length - (before[i] ?? 0));
}

it('loads into a registry, a Git host and a bucket at once', { timeout: 60_000 }, async () => {
  expect(await load()).toMatchObject({ kind: 'loaded' });
});

it('plans with at most two requests an item where nothing changed, and says so', {
  timeout: 60_000,
}, async () => {
  let text = '';
  const [images = 0, repositories = 0, files = 0] = await asked(async () => {
    text = (await gapferry(inside, ['plan', machines.stick, ...SITE])).stdout;
  });
  expect(text).toMatch(/\nNothing to do: 11 items there already\.\n/);
  expect(images).toBeLessThanOrEqual(2 * IMAGES);
  // And once for all: whether the host takes the credentials.
  expect(repositories).toBeLessThanOrEqual(2 * REPOSITORIES + 1);
  // A list, and the index object.
  expect(files).toBeLessThanOrEqual(2);
});

it('names what moved at a place since a plan was approved, and nothing else', {
  timeout: 60_000,
}, async () => {
  const importPlan = (exitCode: number): Promise<Reported> =>
    gapferryJson(inside, ['import', machines.stick, ...SITE, '--plan', 'plan.json'], exitCode);
  const approve = (): Promise<Reported> =>
    gapferryJson(inside, ['plan', machines.stick, ...SITE, '-o', 'plan.json']);
  const [object = ''] = store.keys('plant').filter((key) => key.endsWith('/many/7.txt'));
  store.take('plant', object);
  expect(await approve()).toMatchObject({ totals: { toLoad: 1 } });
  const repository = gitea.repositories.directory('plant/r0');
  await mustRun('git', ['--git-dir', repository, 'update-ref', '-d', 'refs/tags/v1'], {
    env: gitEnvironment(),
  });
  const { error } = await importPlan(7);
  expect(error?.code).toBe('PLAN_MOVED');
  expect(error?.message).toMatch(
    /would be done now: git git\.example\/plant\/r0 at target forge was there already, is create$/,
  );
  expect(store.keys('plant')).not.toContain(object);
  await approve();
  expect(await importPlan(0)).toMatchObject({ kind: 'loaded' });
  expect(store.keys('plant')).toContain(object);
  expect(await gitea.repositories.refs('plant/r0')).toHaveProperty('refs/tags/v1');
});
