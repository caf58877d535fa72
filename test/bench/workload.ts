import { createReadStream, createWriteStream } from 'node:fs';
import { access, link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Descriptor } from '@gapferry/core';
import { type Content, contentOfImage, layerTar, makeImage, type TestImage } from '@gapferry/testkit';
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
  /** Configuration and layers. */
  readonly blobs: readonly Descriptor[];
}

/** Another number makes everybody's workload anew. */
const GENERATOR = 1;
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

/** The workload of about `size` bytes, made when it is not in the cache: 12 images, 40 layers and configurations. */
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
  const whole = FAMILIES.flatMap(({ base, runtime, applications }) => [base, runtime, ...applications]);
  const unit = size / whole.reduce((sum, part) => sum + part, 0);
  const pool = machineFiles();
  const layer = async (part: number, name: string): Promise<Content> =>
    layerTar(await takeFiles(pool, Math.round(part * unit), name));
  const images: Named[] = [];
  for (const [family, { base, runtime, applications }] of FAMILIES.entries()) {
    const shared = [await layer(base, `base-${family}`), await layer(runtime, `runtime-${family}`)];
    for (const [number, part] of applications.entries()) {
      const seed = `${family}-${number}`;
      const small = SMALL_LAYERS.map((bytes) => ({ size: bytes, seed: `${seed}-${bytes}` }));
      const layers = [...shared, await layer(part, `app-${seed}`), ...small];
      images.push({ repository: `bench/app-${seed}`, image: await makeImage({ layers, seed }) });
    }
  }
  return images;
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
    const blobs = image.blobs.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
    return { repository, root: image.root, blobs };
  });
  await writeFile(join(directory, 'images.tmp'), JSON.stringify(index));
  await rename(join(directory, 'images.tmp'), join(directory, 'images.json'));
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
    ...image.blobs.map(({ digest }): [string, string] => [`_layers/sha256/${hex(digest)}`, hex(digest)]),
    [`_manifests/revisions/sha256/${root}`, root],
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
  const all = images.flatMap(({ root, blobs }) => [root, ...blobs]);
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}

export function hex(digest: string): string {
  return digest.slice('sha256:'.length);
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
