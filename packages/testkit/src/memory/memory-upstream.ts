import {
  type BlobStore,
  byDigest,
  type ChartPin,
  type ChartWish,
  canonicalBytes,
  chartIdentity,
  checkRun,
  type Descriptor,
  type Digest,
  digestOf,
  type FilePin,
  type FileWish,
  GapferryError,
  type GitPin,
  gitIdentity,
  type Holding,
  type ImagePin,
  MEDIA_TYPES,
  type Pin,
  parseImageReference,
  type Run,
  repositoryOf,
  type Source,
  type Sources,
  type Wish,
  wishDigest,
} from '@gapferry/core';

/** An internet in memory: images, charts, Git repositories and files that sources find, move, lose and refuse. */
export interface MemoryUpstream {
  readonly sources: Sources;
  /** Serves an image of one layer under a full reference with tag; again with another layer: the tag moves. */
  serveImage(ref: string, layer: string): Descriptor;
  /** `ref`: `host/path` without tag. */
  serveChart(ref: string, version: string, archive: string): Descriptor;
  /** `refs`: full name → object id. */
  serveGit(url: string, refs: Readonly<Record<string, string>>): void;
  serveFile(url: string, content: string): Descriptor;
  /** From now on the wish or pin of this name (reference, `host/path`, URL) ends with the error; undefined: no more. */
  fail(name: string, error: GapferryError | undefined, stage?: 'resolve' | 'fetch'): void;
  /** Runs before the named thing is answered: to wait, to abort, to change something meanwhile. */
  before(name: string, act: () => Promise<void> | void): void;
  /** Pack bytes vary with the version of git, the refs they yield do not. */
  useGit(version: string): void;
  /** `resolve docker.io/library/nginx:1`, `fetch …`, in the order asked. */
  readonly calls: readonly string[];
}

interface World {
  /** Roots of images (by reference) and charts (by `host/path:version`), content of files, by name. */
  readonly roots: Map<string, Descriptor>;
  readonly repositories: Map<string, Readonly<Record<string, string>>>;
  /** Every byte string, by digest. */
  readonly content: Map<string, Uint8Array>;
  /** Blobs below a root, itself included. */
  readonly graphs: Map<string, readonly Descriptor[]>;
  gitVersion: string;
}

export function memoryUpstream(): MemoryUpstream {
  const world: World = {
    roots: new Map(),
    repositories: new Map(),
    content: new Map(),
    graphs: new Map(),
    gitVersion: '1',
  };
  const failures = new Map<string, GapferryError>();
  const acts = new Map<string, () => Promise<void> | void>();
  const calls: string[] = [];
  const ask = async (stage: 'resolve' | 'fetch', name: string, run: Run): Promise<void> => {
    checkRun(run);
    calls.push(`${stage} ${name}`);
    await acts.get(name)?.();
    checkRun(run);
    const failure = failures.get(`${stage} ${name}`);
    if (failure !== undefined) throw failure;
  };
  return {
    sources: memorySources(world, ask),
    calls,
    serveImage: (ref, layer) => serve(world, ref, layer, MEDIA_TYPES.ociConfig, MEDIA_TYPES.ociLayer),
    serveChart: (ref, version, archive) =>
      serve(world, `${ref}:${version}`, archive, MEDIA_TYPES.helmConfig, MEDIA_TYPES.helmChart),
    serveGit: (url, refs) => void world.repositories.set(url, refs),
    serveFile(url, content) {
      const root = keep(world, MEDIA_TYPES.octets, Buffer.from(content));
      world.roots.set(url, root);
      return root;
    },
    fail(name, error, stage = 'resolve') {
      if (error === undefined) failures.delete(`${stage} ${name}`);
      else failures.set(`${stage} ${name}`, error);
    },
    before: (name, act) => void acts.set(name, act),
    useGit(version) {
      world.gitVersion = version;
    },
  };
}

function keep(world: World, mediaType: string, bytes: Uint8Array): Descriptor {
  const digest = digestOf(bytes);
  world.content.set(digest, bytes);
  return { mediaType, digest, size: bytes.byteLength };
}

/** An OCI manifest with one config and one layer. */
function serve(
  world: World,
  name: string,
  layerText: string,
  configType: string,
  layerType: string,
): Descriptor {
  const config = keep(world, configType, canonicalBytes({ architecture: 'amd64', os: 'linux' }));
  const layer = keep(world, layerType, Buffer.from(layerText));
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [layer] };
  const root = keep(world, MEDIA_TYPES.ociManifest, canonicalBytes(manifest));
  world.roots.set(name, root);
  world.graphs.set(root.digest, [root, config, layer].sort(byDigest));
  return root;
}

type Ask = (stage: 'resolve' | 'fetch', name: string, run: Run) => Promise<void>;

function memorySources(world: World, ask: Ask): Sources {
  const source = <W extends Wish, P extends Pin, H extends Holding>(
    nameOf: (asked: W | P) => string,
    pinOf: (wish: W) => P,
    fetch: (pin: P, into: BlobStore, run: Run) => Promise<H>,
  ): Source<W, P, H> => ({
    async resolve(wish, run) {
      await ask('resolve', nameOf(wish), run);
      return [pinOf(wish)];
    },
    async fetch(pin, into, run) {
      await ask('fetch', nameOf(pin), run);
      run.emit({ kind: 'item-started', item: pin.id });
      const holding = await fetch(pin, into, run);
      run.emit({ kind: 'item-done', item: pin.id, outcome: 'done' });
      return holding;
    },
  });
  return {
    image: source(
      (asked) => ('ref' in asked ? asked.ref : asked.id),
      (wish) => ({
        kind: 'image',
        id: wish.ref,
        wish: wishDigest(wish),
        root: rootOf(world, wish.ref),
        platforms: wish.platforms,
      }),
      (pin, into, run) => fetchImage(world, pin, into, run),
    ),
    chart: source(
      (asked) => ('wish' in asked ? asked.id : chartName(asked)),
      (wish) => pinChart(world, wish),
      (pin, into, run) => fetchChart(world, pin, into, run),
    ),
    git: source(
      ({ url }) => url,
      (wish) => pinGit(world, wish),
      (pin, into, run) => fetchGit(world, pin, into, run),
    ),
    file: source(
      (asked) => urlOf(asked),
      (wish) => ({
        kind: 'file',
        id: wish.as,
        wish: wishDigest(wish),
        url: urlOf(wish),
        sha256: shaOf(wish),
      }),
      (pin, into, run) => fetchFile(world, pin, into, run),
    ),
  };
}

function rootOf(world: World, name: string): Descriptor {
  const { digest, path, host } = name.includes('@') ? parseImageReference(name) : {};
  const root =
    digest === undefined
      ? world.roots.get(name)
      : [...world.roots].find(
          ([at, { digest: there }]) => at.startsWith(`${host}/${path}`) && there === digest,
        )?.[1];
  if (root !== undefined) return root;
  throw notFound(name);
}

function notFound(name: string): GapferryError {
  return new GapferryError({ code: 'SOURCE_NOT_FOUND', message: `there is no ${name}`, origin: 'source' });
}

function chartName(wish: ChartWish): string {
  if (wish.from === 'local') return `${wish.ref} from ${wish.path}`;
  return `${chartIdentity(wish)}:${wish.version}`;
}

function pinChart(world: World, wish: ChartWish): ChartPin {
  if (wish.from === 'local') throw notFound(chartName(wish));
  const identity = chartIdentity(wish);
  const version = chartVersion(world, identity, wish.version);
  const id = `${identity}:${version}`;
  const root = rootOf(world, id);
  const name = wish.from === 'oci' ? (wish.ref.split('/').at(-1) ?? '') : wish.name;
  const base = { kind: 'chart', id, wish: wishDigest(wish), name, version } as const;
  if (wish.from === 'oci') return { ...base, from: 'oci', root };
  const archive = archiveOf(world, root);
  return {
    ...base,
    from: 'repository',
    url: `${wish.url}/${name}-${version}.tgz`,
    archive: archive.digest,
  };
}

/** What a range finds is the version that was served last. */
function chartVersion(world: World, identity: string, wanted: string): string {
  if (!/^[\^~*]/.test(wanted)) return wanted;
  const last = [...world.roots.keys()].filter((name) => name.startsWith(`${identity}:`)).at(-1);
  return last?.slice(identity.length + 1) ?? wanted;
}

function archiveOf(world: World, root: Descriptor): Descriptor {
  const archive = world.graphs.get(root.digest)?.find(({ mediaType }) => mediaType === MEDIA_TYPES.helmChart);
  if (archive === undefined) throw notFound(root.digest);
  return archive;
}

function pinGit(world: World, wish: Extract<Wish, { kind: 'git' }>): GitPin {
  const refs = world.repositories.get(wish.url);
  if (refs === undefined) throw notFound(wish.url);
  const list = Object.entries(refs)
    .map(([name, oid]) => ({ name, oid }))
    .filter(({ name }) => wish.refs.length === 0 || wish.refs.some((wanted) => isRef(name, wanted)))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const wanted of wish.refs)
    if (!list.some(({ name }) => isRef(name, wanted))) throw notFound(`${wanted} of ${wish.url}`);
  return {
    kind: 'git',
    id: wish.as ?? gitIdentity(wish.url),
    wish: wishDigest(wish),
    url: wish.url,
    objectFormat: 'sha1',
    refs: list,
    ...(list.some(({ name }) => name === MAIN) && { head: MAIN }),
  };
}

const MAIN = 'refs/heads/main';

/** A short or a full name, or a pattern with `*` at its end. */
function isRef(name: string, wanted: string): boolean {
  if (wanted === 'HEAD') return name === MAIN;
  const names = [name, name.replace(/^refs\/(?:heads|tags)\//, '')];
  return wanted.endsWith('*') ? name.startsWith(wanted.slice(0, -1)) : names.includes(wanted);
}

async function bring(
  world: World,
  descriptors: readonly Descriptor[],
  into: BlobStore,
  item: string,
  run: Run,
): Promise<void> {
  for (const descriptor of descriptors) {
    const bytes = world.content.get(descriptor.digest);
    if (bytes === undefined) throw notFound(`blob ${descriptor.digest} of ${item}`);
    const { reused } = await into.put(descriptor, (from) => chunk(bytes.subarray(from)), run);
    run.emit({ kind: 'bytes', item, bytes: descriptor.size, reused });
  }
}

async function* chunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function fetchImage(
  world: World,
  pin: ImagePin,
  into: BlobStore,
  run: Run,
): Promise<Extract<Holding, { kind: 'image' }>> {
  const blobs = world.graphs.get(pin.root.digest);
  if (blobs === undefined) throw notFound(`${repositoryOf(parseImageReference(pin.id))}@${pin.root.digest}`);
  await bring(world, blobs, into, pin.id, run);
  return { kind: 'image', pin, root: pin.root, blobs, platforms: ['linux/amd64'] };
}

async function fetchChart(
  world: World,
  pin: ChartPin,
  into: BlobStore,
  run: Run,
): Promise<Extract<Holding, { kind: 'chart' }>> {
  const root = pin.from === 'oci' ? pin.root : rootOf(world, pin.id);
  const archive = archiveOf(world, root);
  const blobs = world.graphs.get(root.digest) ?? [];
  await bring(world, blobs, into, pin.id, run);
  return { kind: 'chart', pin, root, blobs, archive };
}

async function fetchGit(
  world: World,
  pin: GitPin,
  into: BlobStore,
  run: Run,
): Promise<Extract<Holding, { kind: 'git' }>> {
  if (pin.refs.length === 0) return { kind: 'git', pin, packs: [] };
  const bytes = canonicalBytes({ git: world.gitVersion, refs: pin.refs });
  const pack = keep(world, MEDIA_TYPES.gitPack, bytes);
  await bring(world, [pack], into, pin.id, run);
  return { kind: 'git', pin, packs: [{ digest: pack.digest, size: pack.size, prerequisites: [] }] };
}

function urlOf(file: FileWish | FilePin): string {
  if ('url' in file) return file.url;
  throw new GapferryError({ code: 'INTERNAL', message: 'the upstream in memory has files by URL alone' });
}

function shaOf(file: FileWish | FilePin): Digest {
  if ('sha256' in file && file.sha256 !== undefined) return file.sha256;
  throw new GapferryError({ code: 'INTERNAL', message: 'the upstream in memory has single files alone' });
}

async function fetchFile(
  world: World,
  pin: FilePin,
  into: BlobStore,
  run: Run,
): Promise<Extract<Holding, { kind: 'file' }>> {
  const served = world.roots.get(urlOf(pin));
  if (served === undefined) throw notFound(urlOf(pin));
  if (served.digest !== shaOf(pin))
    throw new GapferryError({
      code: 'DIGEST_MISMATCH',
      message: `${urlOf(pin)} has the sha256 ${served.digest}, bundle.yaml says ${shaOf(pin)}`,
      origin: 'source',
    });
  await bring(world, [served], into, pin.id, run);
  return { kind: 'file', pin, root: served, checked: ['given-sha256'] };
}
