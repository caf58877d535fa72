import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { formatTable } from '@gapferry/report';
import { createRepository, makeImage, startRegistry } from '@gapferry/testkit';
import { type Distribution, startDistribution } from '../live/support/distribution.ts';
import { startGateway } from '../live/support/gateway.ts';
import { type Gitea, startGitea } from '../live/support/gitea.ts';
import { type Minio, startMinio } from '../live/support/minio.ts';
import { findTool, whyMissing } from '../live/support/tools.ts';
import type { BenchOptions } from './bench-options.ts';
import { type BenchZone, makeBenchZone } from './bench-zone.ts';
import { type Command, measure } from './measure.ts';
import { seconds } from './report.ts';
import { runOnce } from './verify.ts';

const IMAGES = 100;
const REPOSITORIES = 20;
const FILES = 1000;

/** `plan` of a release that distribution 3, Gitea and MinIO have already, all three on this machine: the whole command, what of it is planning, and the requests at each. */
export async function benchPlan({ runs = 5 }: BenchOptions): Promise<string> {
  for (const name of ['distribution-3', 'gitea', 'minio'])
    if (findTool(name) === undefined) return `skipped: ${name}: ${whyMissing(name)}`;
  await using servers = new AsyncDisposableStack();
  const upstream = servers.use(await startRegistry());
  await using zone = await makeBenchZone({ blobs: '', registry: '', images: [] }, upstream.host);
  for (let i = 0; i < IMAGES; i += 1)
    upstream.seedImage(`line-a/app-${i}`, '1.0', await makeImage({ seed: `app ${i}` }));
  await makeUpstream(zone, upstream.host);
  await runOnce(zone.collect());
  const places: Places = {
    zone,
    registry: servers.use(await startDistribution({ version: '3' })),
    gitea: servers.use(await startGitea()),
    minio: servers.use(await startMinio()),
  };
  await aim(places, places.minio.url);
  process.stderr.write('bench: plan: import\n');
  await runOnce(command(places, 'import', '--yes'));
  const rows: string[][] = [];
  for (let i = 0; i < runs; i += 1) rows.push(await timed(places, i + 1));
  return [
    `${IMAGES} images, ${REPOSITORIES} repositories and a directory of ${FILES} files, all of them there already`,
    formatTable([['gapferry plan', 'seconds', 'planning', 'peak MiB'], ...rows]),
    await requests(places),
  ].join('\n\n');
}

interface Places {
  readonly zone: BenchZone;
  readonly registry: Distribution;
  readonly gitea: Gitea;
  readonly minio: Minio;
}

async function makeUpstream(zone: BenchZone, host: string): Promise<void> {
  const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
  for (const i of numbers(REPOSITORIES))
    await createRepository(zone.path('git', `r${i}`), [
      { message: 'one', files: { 'a.txt': `one ${i}\n` }, tags: ['v1'] },
      { message: 'two', files: { 'a.txt': `two ${i}\n` } },
    ]);
  await mkdir(zone.path('many'));
  for (const i of numbers(FILES)) await writeFile(zone.path('many', `file-${i}.txt`), `file ${i} of many\n`);
  const images = numbers(IMAGES).map((i) => `  - ${host}/line-a/app-${i}:1.0\n`);
  const repositories = numbers(REPOSITORIES).map(
    (i) => `  - {url: "file://${zone.path('git', `r${i}`)}", as: "git.example/plant/r${i}"}\n`,
  );
  await writeFile(
    zone.path('bundles/bench/bundle.yaml'),
    `format: gapferry.bundle/1\nname: bench\ninsecure: ["${host}"]\nimages:\n${images.join('')}git:\n${repositories.join('')}files:\n  - {path: ../../many, as: many}\n`,
  );
}

async function aim({ zone, registry, gitea }: Places, store: string): Promise<void> {
  const targets = [
    `{name: registry, kind: registry, url: "http://${registry.host}"}`,
    `{name: forge, kind: gitea, url: "http://${gitea.host}", path: "plant/{name}", credentials: {env: FORGE}}`,
    `{name: store, kind: s3, endpoint: "${store}", bucket: plan, create: true, credentials: {env: STORE}}`,
  ];
  await zone.newSite(targets.join('\n  - '));
}

function command({ zone, gitea, minio }: Places, ...args: readonly string[]): Command {
  const given = zone.gapferry(...args, 'depot', '--site', 'site/site.yaml', '--no-progress', '--events', '-');
  const { username, password } = gitea.credentials;
  return {
    ...given,
    env: {
      ...given.env,
      FORGE_USERNAME: username,
      FORGE_PASSWORD: password,
      STORE_USERNAME: minio.accessKey,
      STORE_PASSWORD: minio.secretKey,
    },
    phaseBegins: /"stage":"survey"/,
  };
}

async function timed(places: Places, run: number): Promise<string[]> {
  const { seconds: took, phaseSeconds, peakMiB } = await measure(command(places, 'plan'));
  const planning = phaseSeconds === undefined ? '–' : seconds(phaseSeconds);
  return [`run ${run}`, seconds(took), planning, peakMiB?.toFixed(0) ?? '–'];
}

/** Of one more plan: what the servers' own logs say, and for MinIO a proxy before it. */
async function requests(places: Places): Promise<string> {
  const { registry, gitea, minio } = places;
  let asked = 0;
  await using gateway = await startGateway(minio.port, () => {
    asked += 1;
    return 'pass';
  });
  const before = [registry.accessLog().length, gitea.accessLog().length];
  const { zone } = places;
  const site = zone.path('site/site.yaml');
  await swap(site, minio.url, `http://${gateway.host}`);
  await runOnce(command(places, 'plan'));
  await swap(site, `http://${gateway.host}`, minio.url);
  const [registryAsked = 0, gitAsked = 0] = [registry, gitea].map(
    (server, i) => server.accessLog().length - (before[i] ?? 0),
  );
  const row = (name: string, items: number, count: number): string[] => [
    name,
    String(items),
    String(count),
    (count / items).toFixed(2),
  ];
  return formatTable([
    ['at', 'items', 'requests', 'each'],
    row('distribution', IMAGES, registryAsked),
    row('Gitea', REPOSITORIES, gitAsked),
    row('MinIO', FILES, asked),
  ]);
}

async function swap(file: string, from: string, to: string): Promise<void> {
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(from, to));
}
