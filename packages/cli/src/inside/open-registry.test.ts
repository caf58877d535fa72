import type { RegistryTargetConfig } from '@gapferry/bundle';
import { hasPreflight, type OciContent, type OciTag, type Presence, quietRun } from '@gapferry/core';
import { makeImage, memoryMedium } from '@gapferry/core/testing';
import {
  startRegistry,
  type TemporaryDirectory,
  type TestRegistry,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readEnvironment } from '../environment.ts';
import { type OpenTarget, openRegistry } from './open-registry.ts';

const run = quietRun();
const robot = { username: 'robot$line-a', password: 'Sesam:47$' };
const cleanup: Array<() => Promise<void> | void> = [];
let home: TemporaryDirectory;
let registry: TestRegistry;

beforeEach(async () => {
  home = await temporaryDirectory();
  registry = await startRegistry({ auth: { kind: 'bearer', ...robot } });
  cleanup.push(
    () => home.remove(),
    () => registry.close(),
  );
});
afterEach(async () => {
  for (const clean of cleanup.splice(0).reverse()) await clean();
});

async function open(config: Partial<RegistryTargetConfig>, env: Record<string, string>): Promise<OpenTarget> {
  const site = {
    config: { name: 'plant', trust: 't', key: 'k', state: 's', targets: [] },
    file: home.join('site.yaml'),
    trustFile: home.join('t'),
    keyFile: home.join('k'),
    stateDirectory: home.join('s'),
    pathOf: (path: string) => home.join(path),
  };
  const target: RegistryTargetConfig = {
    name: 'plant',
    kind: 'registry',
    url: registry.url,
    path: '{host}/{path}',
    takes: ['image'],
    credentials: { from: 'environment', name: 'PLANT' },
    insecure: false,
    also: [],
    ...config,
  };
  const opened = await openRegistry(site, target, { environment: readEnvironment({}), env }, run);
  cleanup.push(() => opened.close());
  return opened;
}

/** `host:port` of the token service, from its own log. */
const tokenHost = async (): Promise<string> => {
  const challenge = (await fetch(`${registry.url}/v2/`)).headers.get('www-authenticate') ?? '';
  return new URL(/realm="([^"]+)"/.exec(challenge)?.[1] ?? '').host;
};

const PLANT = { PLANT_USERNAME: robot.username, PLANT_PASSWORD: robot.password };
/** Five images, with three tags each, in as many repositories. */
const IMAGES = Array.from({ length: 5 }, (_, i) => {
  const { content, tag, parts } = makeImage(`app-${i}`);
  const repository = `registry.example/line/app-${i}`;
  const names = ['1', '1.0', '1.0.0'].map((name): OciTag => ({ ...tag, repository, tag: name }));
  return { contents: names.map((): OciContent => ({ ...content, repository })), names, parts };
});
const LOADS = IMAGES.flatMap(({ contents, names }) => [...contents, ...names]);

async function survey({ target }: OpenTarget): Promise<Presence[]> {
  if (!hasPreflight(target)) throw new Error('no preflight');
  await target.preflight(LOADS, run);
  return Promise.all(LOADS.map((load) => target.inspect(load, run)));
}

it('an unchanged release costs one request for each tag and one for each repository, token service and all', async () => {
  const also = [await tokenHost()];
  const first = await open({ also }, PLANT);
  await survey(first);
  const medium = memoryMedium(IMAGES.flatMap(({ parts }) => parts));
  for (const { contents, names } of IMAGES) {
    for (const content of contents) await first.target.load(content, medium, run);
    for (const name of names) await first.target.load(name, medium, run);
  }
  const before = registry.requests.length;
  expect(new Set((await survey(await open({ also }, PLANT))).map(({ state }) => state))).toEqual(
    new Set(['same']),
  );
  const asked = registry.requests.slice(before);
  expect(asked.length).toBeLessThanOrEqual(15 + 5);
  expect(asked.filter(({ status }) => status === 200)).toHaveLength(15);
});

it('speaks to no token service that site.yaml does not name, and says the line that would', async () => {
  const refused = survey(await open({}, PLANT));
  await expect(refused).rejects.toMatchObject({
    code: 'PROTOCOL_VIOLATION',
    origin: 'target',
    hint: expect.stringContaining('also'),
  });
  await expect(refused).rejects.toThrow(await tokenHost());
  expect(registry.tokenRequests).toEqual([]);
});

it('says whose credentials were refused, and not what they are', async () => {
  const refused = survey(
    await open({ also: [await tokenHost()] }, { PLANT: `${robot.username}:wrong-Sesam` }),
  );
  await expect(refused).rejects.toMatchObject({ code: 'UNAUTHORIZED', origin: 'target' });
  await refused.catch((error: unknown) => expect(JSON.stringify(error)).not.toContain('wrong-Sesam'));
});

it.each([
  ['an authority that is no certificate', { ca: 'k' }],
  ['a file that is not there', { ca: 'nowhere.pem' }],
])('opens nothing with %s', async (_, config) => {
  await expect(open(config, PLANT)).rejects.toMatchObject({ code: 'USAGE' });
});
