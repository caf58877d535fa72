import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import {
  chartArtifact,
  createRepository,
  gitServerMissing,
  makeArtifact,
  makeChart,
  makeImage,
  startChartRepository,
  startGitServer,
  startRegistry,
  type TemporaryDirectory,
  type TestChartRepository,
  type TestRegistry,
  type TestServer,
  tarBytes,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gapferryJson } from '../support/command-line.ts';
import { makeStagingHost, type StagingHost } from '../support/staging-host.ts';
import { makeTwoMachines } from '../support/two-machines.ts';

const missing = gitServerMissing();

/** Upstreams with names of their own for every image, so that each says where it came from. */
let home: TemporaryDirectory;
let registry: TestRegistry;
let charts: TestChartRepository;
let git: TestServer;

beforeAll(async () => {
  if (missing !== undefined) return;
  home = await temporaryDirectory();
  [registry, charts, git] = await Promise.all([
    startRegistry(),
    startChartRepository(),
    startGitServer(home.path),
  ]);
  const templates = { 'pod.yaml': pod(imageOf('{{ .Values.named }}')) };
  charts.add(await makeChart({ name: 'redis', version: '1.2.3', templates }));
  const web = await makeChart({ name: 'web', version: '2.1.0', templates });
  registry.seedImage('charts/web', '2.1.0', chartArtifact(web));
  for (const name of ['redis', 'web', 'deploy', 'foreign', 'artifact', 'circle'])
    registry.seedImage(`team/${name}`, '1', await makeImage({ seed: name }));
  const type = 'application/vnd.cncf.flux.content.v1.tar+gzip';
  const manifests = [
    { name: 'apps/pod.yaml', body: pod(imageOf('artifact')) },
    { name: 'elsewhere/pod.yaml', body: pod(imageOf('never')) },
  ];
  const layers = [{ mediaType: type, bytes: gzipSync(tarBytes(manifests)) }];
  registry.seedImage(
    'team/manifests',
    '1.0',
    makeArtifact({ configType: 'application/vnd.cncf.flux.config.v1+json', layers }),
  );
  await createRepository(home.join('other'), [
    {
      message: 'one',
      files: {
        'deploy/pod.yaml': pod(imageOf('deploy')),
        'elsewhere/pod.yaml': pod(imageOf('never')),
        'charts/foreign/Chart.yaml': 'apiVersion: v2\nname: foreign\nversion: 1.0.0\n',
        'charts/foreign/templates/pod.yaml': pod(imageOf('{{ .Values.named }}')),
      },
      tags: ['v1'],
    },
    { message: 'two', branch: 'feature', files: { 'feature.txt': 'x' } },
  ]);
}, 60_000);

afterAll(async () => {
  await Promise.all([registry?.close(), charts?.close(), git?.close()]);
  await home?.remove();
});

function pod(image: string): string {
  return `apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, image: ${JSON.stringify(image)}}]}\n`;
}

function imageOf(name: string): string {
  return `${registry.host}/team/${name}:1`;
}

function application(name: string, source: object): string {
  return JSON.stringify({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name },
    spec: { source, destination: { namespace: 'x' } },
  });
}

function redis(): string {
  const helm = { valuesObject: { named: 'redis' } };
  return application('redis', { repoURL: charts.url, chart: 'redis', targetRevision: '1.2.3', helm });
}

function flux(kind: string, group: string, name: string, spec: object): string {
  return JSON.stringify({ apiVersion: group, kind, metadata: { name, namespace: 'x' }, spec });
}

/** One of everything that a repository can point to. */
function everything(): Record<string, string> {
  const [source, helm] = ['source.toolkit.fluxcd.io/v1', 'helm.toolkit.fluxcd.io/v2'];
  const from = { kind: 'HelmRepository', name: 'shop' };
  const values = { named: 'web' };
  return {
    'apps/redis.yaml': redis(),
    'apps/web-source.yaml': flux('HelmRepository', source, 'shop', {
      type: 'oci',
      url: `oci://${registry.host}/charts`,
    }),
    'apps/web.yaml': flux('HelmRelease', helm, 'web', {
      chart: { spec: { chart: 'web', version: '^2', sourceRef: from } },
      values,
    }),
    'apps/other.yaml': application('other', {
      repoURL: `${git.url}/other`,
      path: 'deploy',
      targetRevision: 'main',
    }),
    'apps/foreign.yaml': application('foreign', {
      repoURL: `${git.url}/other`,
      path: 'charts/foreign',
      targetRevision: 'v1',
      helm: { valuesObject: { named: 'foreign' } },
    }),
    'apps/manifests.yaml': flux('OCIRepository', source, 'manifests', {
      url: `oci://${registry.host}/team/manifests`,
      ref: { tag: '1.0' },
    }),
    'apps/deploy.yaml': flux('Kustomization', 'kustomize.toolkit.fluxcd.io/v1', 'deploy', {
      sourceRef: { kind: 'OCIRepository', name: 'manifests' },
      path: './apps',
    }),
  };
}

async function gitOps(name: string, files: Record<string, string>): Promise<string> {
  await createRepository(home.join(name), [{ message: 'one', files }]);
  return `git: [{url: "${git.url}/${name}", refs: [main], images: discover}]\n`;
}

interface Named {
  readonly kind: string;
  readonly id: string;
  readonly namedBy?: ReadonlyArray<{ readonly item: string }>;
}

describe.skipIf(missing !== undefined)('what a GitOps repository points to', { timeout: 120_000 }, () => {
  it('is collected with all that it names in turn, carried, proved, loaded, and the same by the lock', async () => {
    const wishes = await gitOps('home', everything());
    const bundle = `format: gapferry.bundle/1\nname: line-a\nplatforms: [linux/amd64]\n${wishes}`;
    const machines = await makeTwoMachines({ bundle, environment: {} });
    try {
      const first = await machines.collect('--first', '--version', '1.0.0');
      expect(first).toMatchObject({ kind: 'sealed', totals: { items: 10 } });
      const depot = join(machines.outside.directory, 'depot');
      const manifest = await readFile(join(depot, 'releases/line-a/1/manifest.json'), 'utf8');
      const lock = await readFile(
        join(machines.outside.directory, 'bundles/line-a/bundle.lock.json'),
        'utf8',
      );
      const host = new URL(git.url).host;
      const [homeItem, otherItem] = [`git ${host}/home`, `git ${host}/other`];
      for (const named of [JSON.parse(manifest).items, JSON.parse(lock).pins] as Named[][])
        expect(namersOf(named)).toEqual({
          [`chart ${new URL(charts.url).host}/redis:1.2.3`]: [homeItem],
          [`chart ${registry.host}/charts/web:2.1.0`]: [homeItem],
          [homeItem]: [],
          [otherItem]: [homeItem],
          [`image ${imageOf('deploy')}`]: [otherItem],
          [`image ${imageOf('foreign')}`]: [otherItem],
          [`image ${registry.host}/team/manifests:1.0`]: [homeItem],
          [`image ${imageOf('artifact')}`]: [`image ${registry.host}/team/manifests:1.0`],
          [`image ${imageOf('redis')}`]: [`chart ${new URL(charts.url).host}/redis:1.2.3`],
          [`image ${imageOf('web')}`]: [`chart ${registry.host}/charts/web:2.1.0`],
        });
      expect(manifest).toContain('"refs/tags/v1"');
      expect(manifest).not.toContain('refs/heads/feature');
      expect(JSON.stringify(first)).not.toContain('team/never');
      const locked = await machines.collect('--locked', '--version', '1.0.0');
      expect(locked).toMatchObject({ kind: 'unchanged', manifest: first['manifest'] });
      await machines.export();
      expect(await machines.verify()).toMatchObject({ items: 10 });
      expect(await machines.import()).toMatchObject({ kind: 'loaded' });
      expect(await machines.reached()).toBe('');
    } finally {
      await machines.close();
    }
  });

  const story = (tell: (host: StagingHost) => Promise<void>) => async () => {
    const host = await makeStagingHost();
    try {
      await tell(host);
    } finally {
      await host.close();
    }
  };

  it(
    'gives the same manifest by the lock on a machine that never looked',
    story(async (host) => {
      await host.want(
        await gitOps('twice', {
          'apps/redis.yaml': redis(),
          'apps/other.yaml': everything()['apps/other.yaml'] ?? '',
        }),
      );
      const first = await host.collect(0);
      const lock = await readFile(host.path('bundles/line-a/bundle.lock.json'));
      await story(async (other) => {
        await other.want(await readWishes(host));
        await writeLock(other, lock);
        const again = await other.collect(0, ['--first', '--locked', '--version', String(first['version'])]);
        expect(again['manifest']).toBe(first['manifest']);
        const bytes = (one: StagingHost): Promise<Buffer> =>
          readFile(one.path('depot/releases/line-a/1/manifest.json'));
        expect((await bytes(other)).equals(await bytes(host))).toBe(true);
      })();
    }),
  );

  it(
    'ends the collect where it is not there, with the chain, and is left out where it is waived',
    story(async (host) => {
      const gone = application('gone', { repoURL: charts.url, chart: 'gone', targetRevision: '1.0.0' });
      const wishes = await gitOps('lost', { 'apps/gone.yaml': gone, 'apps/redis.yaml': redis() });
      await host.want(wishes);
      const { error } = await host.collect(5);
      const [chart, item] = [`chart ${new URL(charts.url).host}/gone`, `git ${new URL(git.url).host}/lost`];
      expect(error?.code).toBe('SOURCE_NOT_FOUND');
      expect(error?.message).toContain(`${chart}:1.0.0 ← ${item} ← wish "git ${git.url}/lost"`);
      expect(error?.message).toContain('apps/gone.yaml: Application/gone: spec.source');
      expect(error?.hint).toContain('waivers');
      const survey = await gapferryJson(host.machine, ['images', 'bundles/line-a'], 5);
      expect(survey['leadCounts']).toMatchObject({ failed: 1, included: 1 });
      await host.want(
        `${wishes}waivers: [{chart: "${chart.slice('chart '.length)}", reason: not in this plant}]\n`,
      );
      const collected = JSON.stringify(await host.collect(0));
      expect(collected).toContain('not in this plant');
      expect(await readFile(host.path('bundles/line-a/bundle.lock.json'), 'utf8')).toContain('"waived"');
    }),
  );

  it(
    'may point back',
    story(async (host) => {
      const to = (name: string, path: string): string =>
        application(name, { repoURL: `${git.url}/${name}`, path, targetRevision: 'main' });
      const wishes = await gitOps('circle-a', { 'apps/b.yaml': to('circle-b', 'x') });
      await gitOps('circle-b', {
        'x/a.yaml': to('circle-a', 'apps'),
        'x/pod.yaml': pod(imageOf('circle')),
        'y/pod.yaml': pod(imageOf('never')),
      });
      await host.want(wishes);
      expect(await host.collect(0)).toMatchObject({ totals: { items: 3 } });
      expect(await host.collect(0, ['--locked'])).toMatchObject({ kind: 'unchanged' });
    }),
  );

  it(
    'is not taken for missing where its host could not be asked',
    story(async (host) => {
      const auth = { kind: 'basic', username: 'staging', password: 'Sesam-oeffne-dich-48' } as const;
      await using closed = await startRegistry({ auth });
      const away = application('away', {
        repoURL: `oci://${closed.host}/charts`,
        chart: 'away',
        targetRevision: '1.0.0',
      });
      await host.want(await gitOps('away', { 'apps/away.yaml': away }));
      const { error } = await host.collect(6);
      expect(error?.code).toBe('UNAUTHORIZED');
      expect(error?.hint).toContain('if it stands inside only');
    }),
  );
});

function namersOf(items: readonly Named[]): Record<string, string[]> {
  return Object.fromEntries(
    items.map(({ kind, id, namedBy = [] }) => [
      `${kind} ${id}`,
      [...new Set(namedBy.map(({ item }) => item))],
    ]),
  );
}

async function readWishes(host: StagingHost): Promise<string> {
  const text = await readFile(host.path('bundles/line-a/bundle.yaml'), 'utf8');
  return text.slice(text.indexOf('git:'));
}

function writeLock(host: StagingHost, lock: Uint8Array): Promise<void> {
  return writeFile(host.path('bundles/line-a/bundle.lock.json'), lock);
}
