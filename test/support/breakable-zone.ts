import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  chartArtifact,
  createRepository,
  type GiteaFake,
  type GiteaRepository,
  makeChart,
  makeImage,
  type S3Server,
  seededBuffer,
  startGiteaFake,
  startRegistry,
  startS3Server,
  type TemporaryDirectory,
  type TestGitRepository,
  type TestImage,
  type TestRegistry,
  temporaryDirectory,
} from '@gapferry/testkit';
import { gapferryJson, type Machine } from './command-line.ts';
import { allowGoingBack, orderBack } from './going-back.ts';
import { pinPolicy } from './pin-policy.ts';
import { makeTwoMachines, type TwoMachines } from './two-machines.ts';

export const REGISTRY = 'registry.upstream.example';
export const APPS = ['line-a/app', 'line-a/tool'] as const;
export const CHART = 'charts/mqtt';
/** Where Gitea has the repository. */
export const REPOSITORY = 'git.upstream.example/ops-deploy';
export const BUCKET = 'plant';
const FORGE = { username: 'ferry', password: 'Sesam-47-token' };
/** One that goes in parts, and small ones. */
const FILES = { 'large.bin': 9 << 20, 'small.bin': 3_000, 'readme.txt': 40 };

/** What a release has, for whoever looks at targets. */
export interface ReleaseContent {
  readonly images: Readonly<Record<string, TestImage>>;
  /** The tag by which a signature is found. */
  readonly signed: { readonly repository: string; readonly tag: string; readonly image: TestImage };
  /** Version of the chart. */
  readonly chart: string;
  /** Commit of main. */
  readonly commit: string;
  readonly version: string;
}

/** Two releases, and zones that have one of them, as often as they are wanted. */
export interface BreakableZone extends AsyncDisposable {
  readonly machines: TwoMachines;
  /** What the release with this number has, from 1. */
  release(number: number): ReleaseContent;
  /** What import takes: release N of the depot. */
  place(release: number): string;
  /** Servers, a state and an embedded depot of their own, all as they were when this release had been imported; 0: before any. */
  fresh(loaded?: 0 | 1 | 2): Promise<ZoneCopy>;
  /** A signed order to go back from release 2 to 1. */
  readonly order: string;
}

export interface ZoneCopy extends AsyncDisposable {
  readonly registry: TestRegistry;
  readonly gitea: GiteaFake;
  readonly store: S3Server;
  readonly embedded: string;
  readonly state: string;
  /** A file that nobody else writes. */
  readonly log: string;
  readonly inside: Machine;
  /** Names the site. */
  readonly site: readonly string[];
}

export async function makeBreakableZone(): Promise<BreakableZone> {
  const cleanup = new AsyncDisposableStack();
  const home = cleanup.use(await temporaryDirectory());
  const upstream = cleanup.use(await startRegistry());
  const machines = await makeTwoMachines({ bundle: '', environment: connectTo(upstream) });
  cleanup.defer(() => machines.close());
  const deploy = await createRepository(home.join('deploy'), [{ message: 'Begin', files: { a: 'a\n' } }]);
  const releases = new Map<number, ReleaseContent>();
  for (const number of [1, 2]) {
    releases.set(number, await publish(number, upstream, deploy, machines));
    await machines.collect(...(number === 1 ? ['--first'] : []), '--version', `1.${number - 1}.0`);
  }
  const place = (release: number): string => `${join(machines.outside.directory, 'depot')}#line-a/${release}`;
  await allowGoingBack(machines.inside, ['anna']);
  const empty = await settleNew(home, machines);
  const first = await advance(home, machines, empty, { number: 1, place: place(1), releases });
  const second = await advance(home, machines, first, { number: 2, place: place(2), releases });
  const order = 'back.sigstore.json';
  await orderBack(machines.inside, 'site/site-advanced-2.yaml', { by: 'anna', file: order });
  let copies = 0;
  return {
    machines,
    release: (number) => contentOf(releases, number),
    place,
    order,
    fresh: (loaded = 1) =>
      copyZone(home, machines, [empty, first, second][loaded] ?? first, String(++copies)),
    [Symbol.asyncDispose]: () => cleanup.disposeAsync(),
  };
}

function connectTo({ port }: TestRegistry): Record<string, string> {
  const leading = [80, 443].map((from) => `${REGISTRY}:${from}=127.0.0.1:${port}`);
  return { GAPFERRY_CONNECT_TO: leading.join(',') };
}

/** The upstream of a version: moved tags, a new chart, a commit, other files. */
async function publish(
  number: number,
  upstream: TestRegistry,
  deploy: TestGitRepository,
  { outside }: TwoMachines,
): Promise<ReleaseContent> {
  const images: Record<string, TestImage> = {};
  for (const name of APPS) {
    const layers = ['base', `${name} ${number}`].map((seed) => ({ size: 30_000, seed }));
    images[name] = await makeImage({ layers, seed: `${name} ${number}` });
    upstream.seedImage(name, '1.0', images[name]);
  }
  const [repository] = APPS;
  const tag = `${images[repository]?.root.digest.replace(':', '-')}.sig`;
  const image = await makeImage({ layers: [{ size: 300, seed: `signature ${number}` }] });
  upstream.seedImage(repository, tag, image);
  const chart = `1.${number}.0`;
  upstream.seedImage(CHART, chart, chartArtifact(await makeChart({ name: 'mqtt', version: chart })));
  const commit = await deploy.commit({ message: `Version ${number}`, files: { version: `${number}\n` } });
  const kit = join(outside.directory, 'kit');
  await mkdir(kit, { recursive: true });
  for (const [name, size] of Object.entries(FILES))
    await writeFile(join(kit, name), seededBuffer(size, `${name} ${number}`));
  await writeFile(join(outside.directory, 'bundles/line-a/bundle.yaml'), bundle(deploy.path));
  return { images, signed: { repository, tag, image }, chart, commit, version: `1.${number - 1}.0` };
}

function bundle(deploy: string): string {
  return `format: gapferry.bundle/1
name: line-a
platforms: [linux/amd64]
insecure: [${REGISTRY}]
images:
${APPS.map((name) => `  - ${REGISTRY}/${name}:1.0\n`).join('')}charts:
  - {oci: oci://${REGISTRY}/${CHART}, version: "^1", images: none}
git:
  - {url: "file://${deploy}", as: git.upstream.example/ops/deploy, refs: [main]}
files:
  - {path: ../../kit, as: kit}
`;
}

/** What a zone has, to be put somewhere else. */
interface Source {
  /** With `git`, `state` and `embedded`. */
  readonly directory: string;
  /** The last one has the tags. */
  readonly loaded: readonly ReleaseContent[];
  readonly gitea?: GiteaRepository;
  readonly objects: ReadonlyMap<
    string,
    { readonly bytes: Uint8Array; readonly metadata: Readonly<Record<string, string>> }
  >;
}

type Releases = ReadonlyMap<number, ReleaseContent>;

function contentOf(releases: Releases, number: number): ReleaseContent {
  const found = releases.get(number);
  if (found === undefined) throw new Error(`there is no release ${number}`);
  return found;
}

/** A zone that has nothing but a pinned policy. */
async function settleNew(home: TemporaryDirectory, machines: TwoMachines): Promise<Source> {
  const directory = home.join('empty');
  await using servers = await startServers(directory);
  const { inside, state } = await settle(machines, servers, 'empty');
  await pinPolicy(inside, 'site/site-empty.yaml');
  await mkdir(join(directory, 'git'), { recursive: true });
  await mkdir(join(directory, 'embedded'));
  await cp(state, join(directory, 'state'), { recursive: true });
  return { directory, loaded: [], objects: new Map() };
}

/** The same zone with one more release. From the first one on main is protected there. */
async function advance(
  home: TemporaryDirectory,
  machines: TwoMachines,
  source: Source,
  { number, place, releases }: { number: number; place: string; releases: Releases },
): Promise<Source> {
  await using zone = await copyZone(home, machines, source, `advanced-${number}`);
  const { inside, site, state, embedded, gitea, store } = zone;
  await gapferryJson(inside, ['import', place, ...site, '--yes']);
  if (number === 1) await protect(gitea);
  const directory = home.join(`source-${number}`);
  await cp(home.join(`copy-advanced-${number}`, 'git'), join(directory, 'git'), { recursive: true });
  await cp(state, join(directory, 'state'), { recursive: true });
  await cp(embedded, join(directory, 'embedded'), { recursive: true });
  return {
    directory,
    loaded: [...source.loaded, contentOf(releases, number)],
    gitea: structuredClone(gitea.repository(REPOSITORY)),
    objects: new Map(store.keys(BUCKET).map((key) => [key, objectOf(store, key)])),
  };
}

function objectOf(
  store: S3Server,
  key: string,
): { readonly bytes: Uint8Array; readonly metadata: Readonly<Record<string, string>> } {
  const found = store.object(BUCKET, key);
  const metadata = Object.entries(found?.metadata ?? {}).map(([name, value]) => [
    name.replace('x-amz-meta-', ''),
    value,
  ]);
  return { bytes: found?.bytes ?? Buffer.of(), metadata: Object.fromEntries(metadata) };
}

/** Nobody may push to main, so that an import has to lift the rule. */
async function protect({ host }: GiteaFake): Promise<void> {
  const login = Buffer.from(`${FORGE.username}:${FORGE.password}`).toString('base64');
  const answer = await fetch(`http://${host}/api/v1/repos/${REPOSITORY}/branch_protections`, {
    method: 'POST',
    headers: { authorization: `Basic ${login}`, 'content-type': 'application/json' },
    body: JSON.stringify({ rule_name: 'main' }),
  });
  if (answer.status !== 201) throw new Error(`the fake protects no branch: ${answer.status}`);
}

type Servers = Pick<ZoneCopy, 'registry' | 'gitea' | 'store'> & AsyncDisposable;

/** `directory`: with the repositories of the Git host in `git`. */
async function startServers(directory: string): Promise<Servers> {
  const cleanup = new AsyncDisposableStack();
  const registry = cleanup.use(await startRegistry());
  const gitea = cleanup.use(await startGiteaFake({ credentials: FORGE, directory: join(directory, 'git') }));
  const store = cleanup.use(await startS3Server({ buckets: { [BUCKET]: {} } }));
  return { registry, gitea, store, [Symbol.asyncDispose]: () => cleanup.disposeAsync() };
}

/** A site of its own with these servers as targets. */
async function settle(
  { inside }: TwoMachines,
  { registry, gitea, store }: Servers,
  id: string,
): Promise<Pick<ZoneCopy, 'inside' | 'site' | 'state' | 'embedded'>> {
  const text = `format: gapferry.site/1
name: plant-7
trust: trust.yaml
key: keys/plant-7.key
state: state-${id}
targets:
  - {name: plant, kind: registry, url: "http://${registry.host}", takes: [images]}
  - {name: embedded, kind: depot, path: embedded-${id}, takes: [charts]}
  - {name: forge, kind: gitea, url: "http://${gitea.host}", takes: [git], credentials: {env: FORGE}, refs: {protected: lift}}
  - {name: store, kind: s3, endpoint: "http://${store.host}", bucket: ${BUCKET}, takes: [files], latest: "{channel}/latest/{path}", credentials: {env: STORE}}
`;
  await writeFile(join(inside.directory, `site/site-${id}.yaml`), text);
  const environment = {
    ...inside.environment,
    NETWORK_ALLOWED: [registry, gitea, store].map(({ host }) => host).join(','),
    FORGE_USERNAME: FORGE.username,
    FORGE_PASSWORD: FORGE.password,
    STORE_USERNAME: store.accessKey,
    STORE_PASSWORD: store.secretKey,
  };
  return {
    inside: { ...inside, environment },
    site: ['--site', `site/site-${id}.yaml`],
    state: join(inside.directory, `site/state-${id}`),
    embedded: join(inside.directory, `site/embedded-${id}`),
  };
}

async function copyZone(
  home: TemporaryDirectory,
  machines: TwoMachines,
  source: Source,
  id: string,
): Promise<ZoneCopy> {
  const directory = home.join(`copy-${id}`);
  await cp(join(source.directory, 'git'), join(directory, 'git'), { recursive: true });
  const servers = await startServers(directory);
  const settled = await settle(machines, servers, id);
  await cp(join(source.directory, 'state'), settled.state, { recursive: true });
  await cp(join(source.directory, 'embedded'), settled.embedded, { recursive: true });
  for (const { images, signed } of source.loaded) {
    for (const [name, image] of Object.entries(images))
      servers.registry.seedImage(`${REGISTRY}/${name}`, '1.0', image);
    servers.registry.seedImage(`${REGISTRY}/${signed.repository}`, signed.tag, signed.image);
  }
  if (source.gitea !== undefined) servers.gitea.adopt(REPOSITORY, source.gitea);
  for (const [key, { bytes, metadata }] of source.objects) servers.store.place(BUCKET, key, bytes, metadata);
  return {
    ...servers,
    ...settled,
    log: home.join(`steps-${id}`),
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}
