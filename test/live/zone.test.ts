import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededBuffer, type TemporaryDirectory, temporaryDirectory } from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferry, gapferryJson, type Machine, type Reported } from '../support/command-line.ts';
import { allowGoingBack, orderBack } from '../support/going-back.ts';
import { pinPolicy } from '../support/pin-policy.ts';
import { makeTwoMachines, type TwoMachines } from '../support/two-machines.ts';
import type { ReadByBoto3 } from './support/boto3.ts';
import { startDistribution } from './support/distribution.ts';
import { type GitLfs, installGitLfs } from './support/git-lfs.ts';
import { type GitWatcher, watchGit } from './support/git-watcher.ts';
import { lacks } from './support/tools.ts';
import { createZoneClients, type ZoneClients } from './support/zone-clients.ts';
import {
  askBucket,
  openZoneBucket,
  openZoneGitea,
  openZoneRegistry,
  type ZonePlace,
  zoneServers,
} from './support/zone-places.ts';
import {
  CHARTS,
  IMAGES,
  makeZoneUpstream,
  type Named,
  REGISTRY,
  REPOSITORIES,
  type ZoneUpstream,
  zoneBundle,
} from './support/zone-release.ts';

const SITE = ['--site', 'site/site.yaml'];
const CLIENTS = ['skopeo', 'crane', 'helm', 'git-lfs', 'boto3'] as const;

describe.skipIf(lacks('docker-registry', ...zoneServers(), ...CLIENTS))(
  'a zone with a registry, a Git host and a bucket',
  { timeout: 180_000 },
  () => {
    const cleanup = new AsyncDisposableStack();
    let home: TemporaryDirectory;
    let upstream: ZoneUpstream;
    let source: string;
    let machines: TwoMachines;
    let inside: Machine;
    let registry: ZonePlace;
    let forge: ZonePlace;
    let bucket: ZonePlace;
    let clients: ZoneClients;
    let lfs: GitLfs;
    let named: Named;
    /** By release: what it names, and where its branches stand. */
    const released = new Map<number, { readonly named: Named; readonly heads: readonly string[] }>();
    let watcher: GitWatcher | undefined;

    beforeAll(async () => {
      home = cleanup.use(await temporaryDirectory());
      const first = cleanup.use(await startDistribution());
      source = first.host;
      const held = [...IMAGES, ...CHARTS.map((name) => `charts/${name}`)].map(
        (path) => `${REGISTRY}/${path}`,
      );
      registry = cleanup.use(await openZoneRegistry(held, () => looked()));
      forge = cleanup.use(await openZoneGitea(REPOSITORIES));
      bucket = cleanup.use(await openZoneBucket());
      lfs = await installGitLfs(home.join('user'), gitSettings(forge));
      await mkdir(home.join('work'));
      clients = await createZoneClients(home, registry, source);
      const environment = {
        GAPFERRY_CONNECT_TO: [80, 443].map((port) => `${REGISTRY}:${port}=${source}`).join(','),
      };
      machines = await makeTwoMachines({ bundle: '', environment });
      cleanup.defer(() => machines.close());
      upstream = await makeZoneUpstream(home, first, lfs, join(machines.outside.directory, 'kit'));
      await writeFile(join(machines.outside.directory, 'bundles/line-a/bundle.yaml'), zoneBundle(upstream));
      inside = await settle(machines.inside);
      await release(1);
    }, 180_000);
    afterAll(() => cleanup.disposeAsync(), 300_000);

    /** What goes wrong there is told by whoever reads what was seen. */
    const looked = async (): Promise<void> => await watcher?.looked().catch(() => {});

    /** One site with all three. Beyond loopback the environment may say how hosts are reached. */
    async function settle(machine: Machine): Promise<Machine> {
      const targets = [
        `{name: plant, takes: [images, charts], ${registry.target}}`,
        `{name: forge, takes: [git], ${forge.target}}`,
        `{name: store, takes: [files], latest: "{channel}/latest/{path}", ${bucket.target}}`,
      ];
      const site = `format: gapferry.site/1\nname: plant-7\ntrust: trust.yaml\nkey: keys/plant-7.key\ntargets:\n${targets.map((line) => `  - ${line}\n`).join('')}`;
      await writeFile(join(machine.directory, 'site/site.yaml'), site);
      const places = { PLANT: registry, FORGE: forge, STORE: bucket };
      const logins = Object.entries(places).flatMap(([name, { credentials }]) =>
        credentials === undefined
          ? []
          : [
              [`${name}_USERNAME`, credentials.username],
              [`${name}_PASSWORD`, credentials.password],
            ],
      );
      const hosts = Object.values(places).flatMap((place) => place.hosts);
      const isOurs = Object.values(places).every((place) => place.isOurs);
      const guarded = isOurs ? { ...machine.environment, NETWORK_ALLOWED: hosts.join(',') } : {};
      return { ...machine, environment: { ...guarded, ...Object.fromEntries(logins) } };
    }

    async function release(version: number): Promise<void> {
      named = await upstream.make(version);
      await machines.collect(...(version === 1 ? ['--first'] : []), '--version', `1.${version}.0`);
      await machines.export();
      const heads = REPOSITORIES.map((name) => upstream[name].git('rev-parse', 'main'));
      released.set(version, { named, heads: await Promise.all(heads) });
    }
    const load = (): Promise<Reported> => gapferryJson(inside, ['import', machines.stick, ...SITE, '--yes']);
    const plan = async (): Promise<string> => {
      const { stdout, stderr, code } = await gapferry(inside, ['plan', machines.stick, ...SITE]);
      expect(code, stderr).toBe(0);
      return stdout;
    };
    const objects = (version: string): Promise<ReadByBoto3[]> =>
      askBucket(bucket, `answer(everything('${bucket.name}', 'line-a/${version}/'))`);
    const url = (name: string): string => `${forge.url}/${forge.name}/${name}.git`;

    async function expectObjects(version: string): Promise<void> {
      const read = await objects(version);
      const found = read.map(({ key, sha256 }) => [key.replace(`line-a/${version}/`, ''), sha256]);
      expect(Object.fromEntries(found)).toEqual(named.objects);
    }

    it('gets a release of a dozen images, two charts, two repositories and 120 files by one import', async () => {
      const { record } = (await load()) as unknown as {
        record: { items: Array<{ kind: string }>; status: string };
      };
      expect(record.status).toBe('loaded');
      const kinds = Object.groupBy(record.items, ({ kind }) => kind);
      expect(kinds['image']?.length).toBeGreaterThanOrEqual(10);
      expect(kinds['chart']).toHaveLength(CHARTS.length);
      expect(kinds['git']).toHaveLength(REPOSITORIES.length);
    });

    it('has every image with the digest that skopeo finds upstream, whole for crane', async () => {
      for (const { name, tag, digest } of named.images) {
        const path = `${name.slice(REGISTRY.length + 1)}:${tag}`;
        expect(await clients.digest(`${name}:${tag}`), name).toBe(digest);
        expect(await clients.upstreamDigest(path), name).toBe(digest);
        await clients.validate(`${name}@${digest}`);
      }
    });

    it.for(CHARTS)('has the chart %s, which helm pulls byte for byte', async (name) => {
      const into = home.join('work', name);
      await mkdir(into);
      await clients.pullChart(`${REGISTRY}/charts/${name}`, '1.0.0', into);
      expect(
        (await readFile(join(into, `${name}-1.0.0.tgz`))).equals(await readFile(upstream.chart(name))),
      ).toBe(true);
    });

    it.for(REPOSITORIES)(
      'has the repository %s, which git and git-lfs clone to what upstream has',
      async (name) => {
        const clone = home.join('work', `${name}-clone`);
        await lfs.git(home.path, 'clone', '-q', url(name), clone);
        const { path } = upstream[name];
        const show = ['for-each-ref', '--format=%(refname:lstrip=-1) %(objectname)', 'refs/tags'];
        expect(await lfs.git(clone, ...show)).toBe(await lfs.git(path, ...show));
        expect(await lfs.git(clone, 'rev-parse', 'origin/main')).toBe(
          await lfs.git(path, 'rev-parse', 'main'),
        );
        await lfs.git(clone, 'fsck', '--full', '--strict');
        await lfs.git(clone, 'lfs', 'fsck');
        for (const file of (await readdir(clone)).filter((entry) => entry !== '.git'))
          expect((await readFile(join(clone, file))).equals(await readFile(join(path, file))), file).toBe(
            true,
          );
      },
    );

    it('has every file, which boto3 reads with the sha256 that it has outside', () => expectObjects('1.1.0'));

    it('is changed by nothing when the release comes again, and the plan says so', async () => {
      const refs = await lfs.git(home.path, 'ls-remote', url('deploy'));
      expect(await plan()).toContain('Nothing to do');
      expect(await load()).toMatchObject({ kind: 'unchanged' });
      expect(await lfs.git(home.path, 'ls-remote', url('deploy'))).toBe(refs);
      await expectObjects('1.1.0');
    });

    it('never shows whoever watches Git a commit whose images and files it lacks', async () => {
      const before = named;
      const old = await upstream.deploy.git('rev-parse', 'main');
      await release(2);
      const now = await upstream.deploy.git('rev-parse', 'main');
      expect(named.images.map(({ digest }) => digest)).not.toEqual(before.images.map(({ digest }) => digest));
      const watching = home.join('watching');
      await lfs.git(home.path, 'init', '-q', watching);
      watcher = cleanup.use(
        watchGit({
          look: async () =>
            (await lfs.git(watching, 'ls-remote', url('deploy'), 'refs/heads/main')).split('\t')[0],
          missing: (commit) => missingOf(watching, commit),
        }),
      );
      await watcher.looked();
      const { looks } = watcher;
      await load();
      expect(watcher.looks - looks).toBeGreaterThan(3);
      await watcher.looked();
      expect(watcher.seen).toEqual([
        { commit: old, missing: [] },
        { commit: now, missing: [] },
      ]);
      await expectObjects('1.2.0');
    });

    it('shows nothing of a staged release, and all of it after activate, without the stick', async () => {
      const before = named;
      const refs = (): Promise<string> => lfs.git(home.path, 'ls-remote', '--heads', '--tags', url('deploy'));
      const index = async (): Promise<string | undefined> =>
        (
          await askBucket<ReadByBoto3[]>(bucket, `answer(everything('${bucket.name}', 'line-a/index.json'))`)
        )[0]?.sha256;
      const [shown, told] = [await refs(), await index()];
      await release(3);
      const stage = ['import', machines.stick, ...SITE, '--yes', '--stage'];
      expect(await gapferryJson(inside, stage)).toMatchObject({ kind: 'staged', version: '1.3.0' });
      expect([await refs(), await index()]).toEqual([shown, told]);
      for (const { name, tag, digest } of before.images)
        expect(await clients.digest(`${name}:${tag}`), name).toBe(digest);
      await rename(machines.stick, `${machines.stick}.away`);
      const activate = ['activate', 'line-a', ...SITE, '--yes'];
      expect(await gapferryJson(inside, activate)).toMatchObject({ kind: 'loaded' });
      await rename(`${machines.stick}.away`, machines.stick);
      for (const { name, tag, digest } of named.images)
        expect(await clients.digest(`${name}:${tag}`), name).toBe(digest);
      expect(await refs()).toContain(await upstream.deploy.git('rev-parse', 'main'));
      expect(await index()).not.toBe(told);
      await expectObjects('1.3.0');
    });

    it('goes back to the release before and on again, both without the stick', async () => {
      await allowGoingBack(inside, ['anna']);
      await pinPolicy(inside);
      await orderBack(inside, 'site/site.yaml', { by: 'anna', file: 'back.json', to: 'line-a/2' });
      await rename(machines.stick, `${machines.stick}.away`);
      const back = ['import', '--to', 'line-a/2', '--override', 'back.json', ...SITE, '--yes'];
      expect(await gapferryJson(inside, back)).toMatchObject({ kind: 'loaded' });
      await expectShown(2);
      const onward = ['import', '--to', 'line-a/3', ...SITE, '--yes'];
      expect(await gapferryJson(inside, onward)).toMatchObject({ kind: 'loaded' });
      await expectShown(3);
      await rename(`${machines.stick}.away`, machines.stick);
      expect(await load()).toMatchObject({ kind: 'unchanged' });
    });

    /** By every name that moves from release to release, as crane, git, git-lfs and boto3 find it. */
    async function expectShown(number: number): Promise<void> {
      const wanted = released.get(number);
      if (wanted === undefined) throw new Error(`there is no release ${number}`);
      for (const { name, tag, digest } of wanted.named.images)
        expect(await clients.digest(`${name}:${tag}`), name).toBe(digest);
      const found = REPOSITORIES.map((name) => lfs.git(home.path, 'ls-remote', url(name), 'refs/heads/main'));
      expect((await Promise.all(found)).map((line) => line.split('\t')[0])).toEqual(wanted.heads);
      const clone = home.join('work', `shown-${number}`);
      await lfs.git(home.path, 'clone', '-q', url('models'), clone);
      const model = seededBuffer(1_500_000, `model ${number}`);
      expect((await readFile(join(clone, 'model.bin'))).equals(model)).toBe(true);
      const latest = 'line-a/latest/';
      const read = await askBucket<ReadByBoto3[]>(
        bucket,
        `answer(everything('${bucket.name}', '${latest}'))`,
      );
      const held = read.map(({ key, sha256 }) => [key.slice(latest.length), sha256]);
      expect(Object.fromEntries(held)).toEqual(wanted.named.objects);
      const index = `answer(json.loads(s3.get_object(Bucket='${bucket.name}', Key='line-a/index.json')['Body'].read())['version'])`;
      expect(await askBucket<string>(bucket, index)).toBe(`1.${number}.0`);
    }

    /** By the commit itself, as it comes from the Git host. */
    async function missingOf(repository: string, commit: string): Promise<string[]> {
      await lfs.git(repository, 'fetch', '-q', '--depth=1', url('deploy'), commit);
      const wanted = JSON.parse(await lfs.git(repository, 'show', `${commit}:named.json`)) as Named;
      const images = wanted.images.map(async ({ name, tag, digest }) =>
        (await clients.digest(`${name}:${tag}`)) === digest ? [] : [`${name}:${tag}`],
      );
      const version = commit === (await upstream.deploy.git('rev-parse', 'main')) ? '1.2.0' : '1.1.0';
      const held = new Map(
        (await objects(version)).map(({ key, sha256 }) => [key.replace(`line-a/${version}/`, ''), sha256]),
      );
      const files = Object.entries(wanted.objects).flatMap(([key, sha256]) =>
        held.get(key) === sha256 ? [] : [key],
      );
      return [...(await Promise.all(images)).flat(), ...files];
    }

    it('was reached where the site says, and nowhere else', async () => {
      expect(await machines.reached()).toBe('');
    });
  },
);

function gitSettings({ credentials, ca }: ZonePlace): Record<string, string> {
  const { username, password } = credentials ?? { username: '', password: '' };
  return {
    'credential.helper': `!f() { echo username=${username}; echo password=${password}; }; f`,
    ...(ca !== undefined && { 'http.sslCAInfo': ca }),
  };
}
