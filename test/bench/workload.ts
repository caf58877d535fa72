import { createReadStream, createWriteStream } from 'node:fs';
import { access, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Descriptor } from '@gapferry/core';
import {
  type Content,
  contentOfImage,
  type LayerInput,
  layerTar,
  makeImage,
  makeIndex,
  type TestImage,
} from '@gapferry/testkit';
import { machineFiles, takeFiles } from './machine-files.ts';

/** Images with shared layers, and a registry's storage that serves them; both name the same bytes on disk. */
export interface Workload {
  /** `<hex>` of every blob and manifest. */
  readonly blobs: string;
  /** Root directory of a distribution registry's file system driver. */
  readonly registry: string;
  readonly images: readonly WorkloadImage[];
}

export interface WorkloadImage {
  readonly repository: string;
  readonly root: Descriptor;
  /** Of an index: the manifests below it. */
  readonly manifests: readonly Descriptor[];
  /** Configurations and layers. */
  readonly blobs: readonly Descriptor[];
}

/** Another number makes everybody's workload anew. */
const GENERATOR = 2;
const MIB = 1 << 20;

export const TAG = '1.0';
export const DEFAULT_SIZE = 1_700_000_000;

/** Parts of the whole, in the proportions of a small edge platform: families share a base and a runtime, every image brings an application and a few small layers. */
const FAMILIES = [
  { base: 75, runtime: 190, applications: [160, 90, 40, 12] },
  { base: 48, runtime: 140, applications: [210, 75, 30, 6] },
  { base: 30, runtime: 95, applications: [120, 110, 55, 20] },
] as const;
const SMALL_LAYERS = [300_000, 4_000] as const;
/** One more image, for two platforms that share nothing: its first platform is of the first family. */
const MULTI = { application: 35, otherPlatform: [60, 30] } as const;
const PLATFORMS = ['linux/amd64', 'linux/arm64'];

/** The workload of about `size` bytes, made when it is not in the cache: 13 images with shared layers, one of them an index of two platforms. */
export async function openWorkload(size: number = DEFAULT_SIZE): Promise<Workload> {
  return openCached(`images-${size}`, () => makeImages(size));
}

/** One image with one layer of `size` bytes. */
export async function openLargeLayer(size: number): Promise<Workload> {
  return openCached(`layer-${size}`, async () => {
    const image = await makeImage({ layers: [{ size, seed: 'large' }], gzip: 'none' });
    return [{ repository: 'bench/large', image }];
  });
}

interface Named {
  readonly repository: string;
  readonly image: TestImage;
}

export async function makeImages(size: number): Promise<Named[]> {
  const families = FAMILIES.flatMap(({ base, runtime, applications }) => [base, runtime, ...applications]);
  const whole = [...families, MULTI.application, ...MULTI.otherPlatform];
  const unit = size / whole.reduce((sum, part) => sum + part, 0);
  const pool = machineFiles();
  const layer: MakeLayer = async (part, name) =>
    layerTar(await takeFiles(pool, Math.round(part * unit), name));
  const images: Named[] = [];
  let first: Content[] | undefined;
  for (const [family, { base, runtime, applications }] of FAMILIES.entries()) {
    const shared = [await layer(base, `base-${family}`), await layer(runtime, `runtime-${family}`)];
    first ??= shared;
    for (const [number, part] of applications.entries()) {
      const seed = `${family}-${number}`;
      const layers = [...shared, await layer(part, `app-${seed}`), ...smallLayers(seed)];
      images.push({ repository: `bench/app-${seed}`, image: await makeImage({ layers, seed }) });
    }
  }
  return [...images, { repository: 'bench/multi', image: await makeMulti(first ?? [], layer) }];
}

type MakeLayer = (part: number, name: string) => Promise<Content>;

async function makeMulti(shared: readonly Content[], layer: MakeLayer): Promise<TestImage> {
  const other: Content[] = [];
  for (const [number, part] of MULTI.otherPlatform.entries())
    other.push(await layer(part, `other-${number}`));
  const own = [...shared, await layer(MULTI.application, 'app-multi')];
  const images: TestImage[] = [];
  for (const [number, content] of [own, other].entries()) {
    const seed = `multi-${number}`;
    const layers = [...content, ...smallLayers(seed)];
    images.push(await makeImage({ layers, seed, platform: PLATFORMS[number] ?? '' }));
  }
  return makeIndex(images);
}

function smallLayers(seed: string): LayerInput[] {
  return SMALL_LAYERS.map((bytes) => ({ size: bytes, seed: `${seed}-${bytes}` }));
}

async function openCached(name: string, make: () => Promise<Named[]>): Promise<Workload> {
  const directory = join(cacheDirectory(), `${name}-v${GENERATOR}`);
  const index = join(directory, 'images.json');
  if (!(await exists(index))) {
    process.stderr.write(`bench: making the workload in ${directory} (once)\n`);
    await rm(directory, { recursive: true, force: true });
    await write(directory, await make());
  }
  const images = JSON.parse(await readFile(index, 'utf8')) as WorkloadImage[];
  return { blobs: join(directory, 'blobs'), registry: join(directory, 'registry'), images };
}

export function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(base, 'gapferry-bench');
}

/** The index last: what has one is complete. */
async function write(directory: string, images: readonly Named[]): Promise<void> {
  await mkdir(join(directory, 'blobs'), { recursive: true });
  for (const { repository, image } of images) {
    for (const { digest, content } of contentOfImage(image)) await writeBlob(directory, hex(digest), content);
    await writeRepository(directory, repository, image);
  }
  const index = images.map(({ repository, image }): WorkloadImage => {
    const manifests = image.children.map(({ root }) => root);
    const blobs = blobsOf(image).map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
    return { repository, root: image.root, manifests, blobs };
  });
  await writeFile(join(directory, 'images.tmp'), JSON.stringify(index));
  await rename(join(directory, 'images.tmp'), join(directory, 'images.json'));
}

function blobsOf(image: TestImage): readonly Descriptor[] {
  return [...image.children.flatMap(blobsOf), ...image.blobs];
}

async function writeBlob(directory: string, name: string, content: Content): Promise<void> {
  const path = join(directory, 'blobs', name);
  if (await exists(path)) return;
  await pipeline(content.open(0), createWriteStream(path));
  const data = join(directory, 'registry/docker/registry/v2/blobs/sha256', name.slice(0, 2), name, 'data');
  await mkdir(dirname(data), { recursive: true });
  await link(path, data);
}

/** Links as distribution 2 and 3 keep them. */
async function writeRepository(directory: string, repository: string, image: TestImage): Promise<void> {
  const root = hex(image.root.digest);
  const tag = `_manifests/tags/${TAG}`;
  const links: Array<[string, string]> = [
    ...blobsOf(image).map(({ digest }): [string, string] => [`_layers/sha256/${hex(digest)}`, hex(digest)]),
    ...[image, ...image.children].map(({ root: { digest } }): [string, string] => [
      `_manifests/revisions/sha256/${hex(digest)}`,
      hex(digest),
    ]),
    [`${tag}/current`, root],
    [`${tag}/index/sha256/${root}`, root],
  ];
  for (const [place, target] of links) {
    const path = join(directory, 'registry/docker/registry/v2/repositories', repository, place, 'link');
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `sha256:${target}`);
  }
}

/** Distinct blobs and manifests. */
export function contentOf({ images }: Workload): readonly Descriptor[] {
  const all = images.flatMap(({ root, manifests, blobs }) => [root, ...manifests, ...blobs]);
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}

export function describeWorkload(workload: Workload): string {
  const content = contentOf(workload);
  const bytes = content.reduce((sum, { size }) => sum + size, 0);
  const indexes = workload.images.filter(({ manifests }) => manifests.length > 0).length;
  return `${workload.images.length} images (${indexes} multi-arch), ${content.length} distinct blobs and manifests, ${(bytes / 1e9).toFixed(2)} GB`;
}

export function hex(digest: string): string {
  return digest.slice('sha256:'.length);
}

/** Writes the images as one OCI image layout (image-spec, image-layout.md), named after the last part of their repositories; its blobs are links to the workload's. */
export async function writeWorkloadLayout(workload: Workload, directory: string): Promise<void> {
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  for (const { digest } of contentOf(workload))
    await link(join(workload.blobs, hex(digest)), join(blobs, hex(digest)));
  await writeFile(join(directory, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = workload.images.map(({ repository, root }) => ({
    ...root,
    annotations: { 'org.opencontainers.image.ref.name': nameOf(repository) },
  }));
  await writeFile(join(directory, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
}

export function nameOf(repository: string): string {
  return repository.split('/').at(-1) ?? repository;
}

/** Reads everything once, so that no contestant is the first to touch it. */
export async function warm(workload: Workload): Promise<void> {
  for (const { digest } of contentOf(workload))
    for await (const _ of createReadStream(join(workload.blobs, hex(digest)), { highWaterMark: 4 * MIB }));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
