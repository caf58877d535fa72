import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  flipByte,
  startGiteaFake,
  startHarbor,
  startRegistry,
  startS3Server,
  startWebdavServer,
} from '@gapferry/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { type Place, placesOf } from '../support/damage.ts';
import { harborRobot } from '../support/harbor-robot.ts';
import { REGISTRY } from '../support/upstream.ts';
import { makeZone, type Zone } from './zone.ts';

const SECRET = 'Sesam:47$';
const APP = `${REGISTRY}/line-a/app`;

/** Where one kind of item goes; everything else goes into an embedded depot. */
interface Case {
  readonly takes: 'images' | 'charts' | 'git' | 'files';
  /** What is damaged in the middle. */
  readonly what: string;
  /** Members of the target in site.yaml. */
  readonly target: string;
  readonly host?: string;
  /** `robot:SECRET` unless given. */
  readonly credentials?: string;
  /** What a consumer sees there. */
  visible(): Promise<unknown> | unknown;
  close?(): Promise<void>;
}

let zone: Zone;
let places: Place[];

beforeAll(async () => {
  zone = await makeZone();
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
  places = await placesOf(zone.stick, 'releases/line-a/1');
}, 60_000);
afterAll(() => zone.close());

const inside = (host = '', credentials = `robot:${SECRET}`): Machine => ({
  ...zone.inside,
  environment: { ...zone.inside.environment, NETWORK_ALLOWED: host, PLANT: credentials },
});

async function namesIn(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  return names.filter((name) => /tool\.bin$|refs\/heads\/|index\.json$|latest/.test(name));
}

async function namesInDepot(directory: string): Promise<unknown[]> {
  const index = await readFile(join(directory, 'index.json'), 'utf8');
  return (JSON.parse(index) as { manifests: unknown[] }).manifests;
}

const CASES: Readonly<Record<string, () => Promise<Case>>> = {
  'an embedded depot': async () => ({
    takes: 'charts',
    what: 'a chart archive',
    target: 'kind: depot, path: depot-of-charts',
    visible: () => namesInDepot(join(zone.inside.directory, 'site/depot-of-charts')),
  }),
  'a registry': async () => {
    const registry = await startRegistry({
      auth: { kind: 'basic', username: 'robot', password: SECRET },
    });
    return {
      takes: 'images',
      what: 'an image layer',
      target: `kind: registry, url: "${registry.url}", credentials: {env: PLANT}`,
      host: registry.host,
      visible: () => registry.tagged(APP, '1.0'),
      close: () => registry.close(),
    };
  },
  Harbor: async () => {
    const harbor = await startHarbor({ creation: 'everyone', robots: [harborRobot('robot', SECRET)] });
    return {
      takes: 'images',
      what: 'an image layer',
      target: `kind: harbor, url: "${harbor.url}", credentials: {env: PLANT}`,
      host: harbor.host,
      visible: () => harbor.tagged(APP, '1.0'),
      close: () => harbor.close(),
    };
  },
  Gitea: async () => {
    const credentials = { username: 'robot', password: SECRET };
    const gitea = await startGiteaFake({ directory: zone.path('gitea'), credentials });
    return {
      takes: 'git',
      what: 'a Git pack',
      target: `kind: gitea, url: "${gitea.url}", credentials: {env: PLANT}`,
      host: gitea.host,
      visible: () => namesIn(zone.path('gitea')),
      close: () => gitea.close(),
    };
  },
  'an object store': async () => {
    const server = await startS3Server({ buckets: { plant: {} } });
    return {
      takes: 'files',
      what: 'a file',
      target: `kind: s3, endpoint: "${server.url}", bucket: plant, credentials: {env: PLANT}`,
      host: server.host,
      credentials: `${server.accessKey}:${server.secretKey}`,
      visible: () => [...server.keys('plant')].filter((key) => /tool\.bin|latest|SHA256SUMS/.test(key)),
      close: () => server.close(),
    };
  },
  'a directory': async () => {
    await mkdir(zone.path('srv'));
    return {
      takes: 'files',
      what: 'a file',
      target: `kind: directory, directory: "${zone.path('srv')}", path: "{path}"`,
      visible: () => namesIn(zone.path('srv')),
    };
  },
  'a WebDAV server': async () => {
    const server = await startWebdavServer();
    return {
      takes: 'files',
      what: 'a file',
      target: `kind: webdav, url: "${server.url}/dav"`,
      host: server.host,
      visible: () => [...server.files.keys()].filter((path) => path.endsWith('tool.bin')),
      close: () => server.close(),
    };
  },
};

async function siteFor({ takes, target }: Case, id: number): Promise<string> {
  const others = ['images', 'charts', 'git', 'files'].filter((kind) => kind !== takes);
  const file = `site/site-${id}.yaml`;
  await writeFile(
    join(zone.inside.directory, file),
    `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
state: state-${id}
targets:
  - {name: plant, ${target}, takes: [${takes}]}
  - {name: rest, kind: depot, path: rest-${id}, takes: [${others.join(', ')}]}
`,
  );
  const shown = await gapferryJson(zone.inside, ['trust', 'show', '--trust', 'site/trust.yaml']);
  const { words } = shown['fingerprint'] as { words: string };
  await gapferryJson(zone.inside, ['trust', 'pin', '--site', file, '--fingerprint', words]);
  return file;
}

it.each(Object.entries(CASES).map(([what, begin], id) => ({ what, begin, id })))(
  'in one pass, damage on the way into $what shows nothing there, and the next import ends it',
  { timeout: 60_000 },
  async ({ begin, id }) => {
    const one = await begin();
    try {
      const file = await siteFor(one, id);
      const machine = inside(one.host, one.credentials);
      const { path = '', item } = places.find(({ what }) => what === one.what) ?? {};
      const load = ['import', zone.stick, '--site', file, '--yes', '--one-pass'];
      await flipByte(join(zone.stick, path), 100);
      const damaged = await gapferry(machine, [...load, '--json']);
      await flipByte(join(zone.stick, path), 100);
      const { error } = JSON.parse(damaged.stdout) as Reported;
      expect(damaged.code).toBe(4);
      expect(error).toMatchObject({ code: 'DIGEST_MISMATCH', message: expect.stringContaining(item ?? '') });
      expect(error?.hint).toContain('nothing is visible');
      expect((await one.visible()) ?? []).toEqual([]);
      const { entries } = (await gapferryJson(machine, ['ledger', 'show', `site/state-${id}`])) as never;
      const kinds = (entries as Array<{ kind: string }>).map(({ kind }) => kind);
      expect([kinds.includes('import.naming'), kinds.at(-1)]).toEqual([false, 'import.stopped']);
      const { stdout, stderr, code } = await gapferry(machine, load);
      expect([code, stderr]).toEqual([0, expect.stringContaining('loading')]);
      expect(stdout).toContain('in one pass: hashed while it was sent');
      expect((await one.visible()) ?? []).not.toEqual([]);
    } finally {
      await one.close?.();
    }
  },
);

it('stages what an approved plan says in one pass, and activates it without the medium', {
  timeout: 60_000,
}, async () => {
  const rest: Case = { takes: 'charts', what: '', target: 'kind: depot, path: staged', visible: () => [] };
  const file = await siteFor(rest, 99);
  const site = ['--site', file];
  const plan = zone.path('plan.json');
  await gapferryJson(zone.inside, ['plan', zone.stick, ...site, '-o', plan]);
  const staged = await gapferryJson(zone.inside, [
    ...['import', zone.stick, ...site],
    ...['--plan', plan, '--stage', '--one-pass'],
  ]);
  expect(staged).toMatchObject({ ok: true, kind: 'staged' });
  const names = (): Promise<unknown[]> => namesInDepot(join(zone.inside.directory, 'site/staged'));
  expect(await names()).toEqual([]);
  const active = await gapferryJson(zone.inside, ['activate', 'line-a', ...site, '--yes']);
  expect(active).toMatchObject({ ok: true, kind: 'loaded' });
  expect(await names()).not.toEqual([]);
});
