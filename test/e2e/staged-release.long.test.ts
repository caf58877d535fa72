import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  mustRun,
  startGiteaFake,
  startHarbor,
  startRegistry,
  startS3Server,
  startWebdavServer,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { harborRobot } from '../support/harbor-robot.ts';
import { GIT, REGISTRY } from '../support/upstream.ts';
import { makeZone, type Zone } from './zone.ts';

const SECRET = 'Sesam:47$';
const REPOSITORY = `${GIT}/ops/line-a`;

/** A site whose targets are of some kinds, and what consumers of each see. */
interface Site {
  /** Lines of site.yaml. */
  readonly targets: readonly string[];
  readonly hosts: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** By an independent way, everything that a consumer can find by name; empty where there is nothing. */
  visible(): Promise<Readonly<Record<string, unknown>>>;
  /** Somebody removes what was staged of one item; returns that item. */
  lose(): Promise<string>;
  close(): Promise<void>;
}

let zone: Zone;
let away: string;

beforeAll(async () => {
  zone = await makeZone();
  await zone.collect('--first', '--version', '1.0.0');
  await zone.export();
  away = zone.path('drawer');
}, 60_000);
afterAll(() => zone.close());

/** Branches and tags of a bare repository, as git tells them to whoever clones. */
async function refsAt(directory: string): Promise<string[]> {
  const listed = await mustRun('git', ['ls-remote', '--heads', '--tags', directory]).catch(() => '');
  return listed.split('\n').filter((line) => line !== '');
}

async function filesBelow(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  // Dot files and directories are nobody's content (file servers hide them, `ls` and globs do).
  return names
    .filter((one) => one.isFile())
    .map((one) => join(one.parentPath, one.name).slice(directory.length + 1))
    .filter((path) => !path.split('/').some((part) => part.startsWith('.')));
}

async function namesInDepot(directory: string): Promise<string[]> {
  const index = await readFile(join(directory, 'index.json'), 'utf8').catch(() => '{"manifests":[]}');
  const { manifests } = JSON.parse(index) as { manifests: Array<{ annotations?: Record<string, string> }> };
  return manifests.flatMap(({ annotations = {} }) => annotations['org.opencontainers.image.ref.name'] ?? []);
}

const SITES: Readonly<Record<string, () => Promise<Site>>> = {
  'a registry, a Harbor, a Gitea and an object store': async () => {
    const registry = await startRegistry({ auth: { kind: 'basic', username: 'robot', password: SECRET } });
    const harbor = await startHarbor({ creation: 'everyone', robots: [harborRobot('robot', SECRET)] });
    const gitea = await startGiteaFake({
      directory: zone.path('gitea'),
      credentials: { username: 'robot', password: SECRET },
    });
    const store = await startS3Server({ buckets: { plant: {} } });
    return {
      targets: [
        `{name: plant, kind: registry, url: "${registry.url}", takes: [images], credentials: {env: PLANT}}`,
        `{name: charts, kind: harbor, url: "${harbor.url}", takes: [charts], credentials: {env: PLANT}}`,
        `{name: forge, kind: gitea, url: "${gitea.url}", credentials: {env: PLANT}}`,
        `{name: store, kind: s3, endpoint: "${store.url}", bucket: plant, latest: "{channel}/latest/{path}", credentials: {env: STORE}}`,
      ],
      hosts: [registry.host, harbor.host, gitea.host, store.host],
      environment: { PLANT: `robot:${SECRET}`, STORE: `${store.accessKey}:${store.secretKey}` },
      visible: async () => ({
        image: registry.tagged(`${REGISTRY}/line-a/app`, '1.0') ?? [],
        chart: harbor.tagged(`${REGISTRY}/charts/mqtt`, '1.2.3') ?? [],
        git: await refsAt(gitea.repositories.directory(`${GIT}/ops-line-a`)),
        // Objects under the keys of their release are content; what makes them known is not.
        files: store.keys('plant').filter((key) => /latest|index\.json/.test(key)),
      }),
      lose: async () => {
        for (const key of store.keys('plant')) if (key.endsWith('tool.bin')) store.take('plant', key);
        return 'tools/tool.bin';
      },
      close: async () => {
        await Promise.all([registry.close(), harbor.close(), gitea.close(), store.close()]);
      },
    };
  },
  'an embedded depot, a plain Git host and a directory': async () => {
    const depot = join(zone.inside.directory, 'site/second');
    await mkdir(zone.path('srv'));
    await mkdir(zone.path('bare'));
    return {
      targets: [
        '{name: second, kind: depot, path: second, takes: [images, charts]}',
        `{name: plain, kind: git, url: "file://${zone.path('bare')}"}`,
        `{name: srv, kind: directory, directory: "${zone.path('srv')}", path: "{path}"}`,
      ],
      hosts: [],
      environment: {},
      visible: async () => ({
        images: await namesInDepot(depot),
        git: await refsAt(zone.path('bare', `${REPOSITORY}.git`)),
        files: await filesBelow(zone.path('srv')),
      }),
      lose: async () => {
        const hidden = (await readdir(zone.path('srv'))).filter((name) => name.startsWith('.'));
        for (const name of hidden) await rm(zone.path('srv', name), { recursive: true });
        return 'tools/tool.bin';
      },
      close: async () => {},
    };
  },
  'an embedded depot with everything but files, and a WebDAV server': async () => {
    const depot = join(zone.inside.directory, 'site/third');
    const server = await startWebdavServer();
    return {
      targets: [
        '{name: third, kind: depot, path: third, takes: [images, charts, git]}',
        `{name: dav, kind: webdav, url: "${server.url}/dav"}`,
      ],
      hosts: [server.host],
      environment: {},
      visible: async () => ({
        images: await namesInDepot(depot),
        git: await refsAt(join(depot, 'git', `${REPOSITORY}.git`)),
        files: [...server.files.keys()].filter(
          (path) => !path.split('/').some((part) => /^\.[^.]/.test(part)),
        ),
      }),
      lose: async () => {
        await rm(join(depot, 'git', `${REPOSITORY}.git`), { recursive: true });
        return REPOSITORY;
      },
      close: () => server.close(),
    };
  },
};

interface Plant extends Machine {
  readonly file: string;
  readonly state: string;
}

async function pinned(site: Site, id: string): Promise<Plant> {
  const file = `site/site-${id}.yaml`;
  const state = `site/state-${id}`;
  const targets = site.targets.map((target) => `  - ${target}\n`).join('');
  await writeFile(
    join(zone.inside.directory, file),
    `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\nstate: state-${id}\ntargets:\n${targets}`,
  );
  const shown = await gapferryJson(zone.inside, ['trust', 'show', '--trust', 'site/trust.yaml']);
  const { words } = shown['fingerprint'] as { words: string };
  await gapferryJson(zone.inside, ['trust', 'pin', '--site', file, '--fingerprint', words]);
  const environment = {
    ...zone.inside.environment,
    ...site.environment,
    NETWORK_ALLOWED: site.hosts.join(','),
  };
  return { directory: zone.inside.directory, environment, file, state };
}

const stage = (plant: Plant, exitCode = 0): Promise<Reported> =>
  gapferryJson(plant, ['import', zone.stick, '--site', plant.file, '--yes', '--stage'], exitCode);
const activate = (plant: Plant, release = 'line-a', exitCode = 0): Promise<Reported> =>
  gapferryJson(plant, ['activate', release, '--site', plant.file, '--yes'], exitCode);

/** The stick goes back into its drawer while `act` runs. */
async function withoutStick<T>(act: () => Promise<T>): Promise<T> {
  await rename(zone.stick, away);
  try {
    return await act();
  } finally {
    await rename(away, zone.stick);
  }
}

async function kinds(plant: Plant): Promise<string[]> {
  const { entries } = (await gapferryJson(plant, ['ledger', 'show', plant.state])) as unknown as {
    entries: ReadonlyArray<{ kind: string }>;
  };
  return entries.map(({ kind }) => kind);
}

describe.each(Object.entries(SITES).map(([what, open], id) => ({ what, open, id })))(
  'a release staged at $what',
  { timeout: 90_000 },
  ({ open, id }) => {
    let site: Site;
    let plant: Plant;
    beforeAll(async () => {
      site = await open();
      plant = await pinned(site, `staged-${id}`);
    }, 60_000);
    afterAll(() => site.close());

    it('is there and seen by nobody; gets no name while something of it is lost; and is right after activate, without the stick', async () => {
      const staged = await stage(plant);
      expect(staged).toMatchObject({ kind: 'staged', channel: 'line-a', sequence: 1, items: 5, names: 5 });
      expect(Object.values(await site.visible())).toEqual(Object.values(await site.visible()).map(() => []));
      expect(await readdir(join(plant.directory, plant.state, 'receipts')).catch(() => [])).toEqual([]);
      expect((await kinds(plant)).slice(-2)).toEqual(['import.began', 'import.staged']);

      const lost = await site.lose();
      const refused = await withoutStick(() => activate(plant, 'line-a', 5));
      expect(refused).toMatchObject({
        error: { code: 'BLOB_MISSING', message: expect.stringContaining(lost) },
      });
      expect(refused.error?.hint).toContain('import');
      expect(Object.values(await site.visible())).toEqual(Object.values(await site.visible()).map(() => []));

      expect(await stage(plant)).toMatchObject({ kind: 'staged', names: 5 });
      // A cache, which anybody may remove at any time.
      await rm(join(plant.directory, plant.state, 'git-packs'), { recursive: true, force: true });
      const activated = await withoutStick(() => activate(plant, 'line-a/1'));
      expect(activated).toMatchObject({
        kind: 'loaded',
        record: { bytes: expect.any(Number) },
        receipt: { status: 'loaded', items: { loaded: 5, failed: 0 } },
      });
      for (const [what, seen] of Object.entries(await site.visible()))
        expect([what, seen]).not.toEqual([what, []]);
      expect(await withoutStick(() => activate(plant))).toMatchObject({ kind: 'unchanged' });
      expect(await gapferryJson(plant, ['import', zone.stick, '--site', plant.file])).toMatchObject({
        kind: 'unchanged',
      });
      expect(await gapferryJson(plant, ['ledger', 'verify', plant.state])).toMatchObject({ ok: true });
    });
  },
);

it('says what to run in the maintenance window, and that nothing shows it', { timeout: 60_000 }, async () => {
  const plant = await pinned(embedded(), 'words');
  const { stdout } = await gapferry(plant, ['import', zone.stick, '--site', plant.file, '--yes', '--stage']);
  expect(stdout).toContain('release 1.0.0 (line-a/1) is staged: its 5 item(s) are at embedded, read back');
  expect(stdout).toContain(`gapferry activate line-a/1 --site ${plant.file}`);
  const asked = await gapferry(plant, ['activate', 'line-a', '--site', plant.file]);
  expect([asked.code, asked.stderr]).toEqual([
    2,
    expect.stringContaining('run "gapferry activate" with --yes'),
  ]);
  const none = await activate(plant, 'line-b', 2);
  expect(none).toMatchObject({
    error: { code: 'RELEASE_NOT_FOUND', hint: expect.stringContaining('--stage') },
  });
});

function embedded(): Site {
  return {
    targets: ['{name: embedded, kind: depot, path: words}'],
    hosts: [],
    environment: {},
    visible: async () => ({}),
    lose: async () => '',
    close: async () => {},
  };
}
