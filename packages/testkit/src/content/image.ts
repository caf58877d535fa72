import { gzipSync } from 'node:zlib';
import { type Descriptor, digestOf, MEDIA_TYPES, parsePlatform, type SizedDigest } from '@gapferry/core';
import {
  type Content,
  compressibleContent,
  memoryContent,
  readContent,
  seededContent,
  sizedDigestOf,
} from './content.ts';
import { layerTar } from './layer-tar.ts';
import { storedGzip } from './stored-gzip.ts';

/** A manifest with everything below it, ready for a registry. */
export interface TestImage {
  readonly root: Descriptor;
  readonly manifest: Uint8Array;
  /** Config and layers; empty for an index. */
  readonly blobs: readonly TestBlob[];
  /** Of an index. */
  readonly children: readonly TestImage[];
  /** `os/architecture[/variant]`; undefined for an index. */
  readonly platform?: string;
}

export interface TestBlob extends Descriptor {
  readonly content: Content;
}

/** A layer: the bytes of a tar, or a generated tar with one file of about `size` bytes. */
export type LayerInput =
  | Content
  | Uint8Array
  | { readonly size: number; readonly compressible?: boolean; readonly seed?: string | number };

/** `stored`: gzip framing around the bytes as they are, in constant memory. `compressed`: in memory. `none`: a plain tar.
 *  Default: `compressed` for compressible layers, `stored` for others. Docker images have no plain layers. */
export type LayerGzip = 'stored' | 'compressed' | 'none';

export interface ImageInput {
  readonly layers?: readonly LayerInput[];
  /** Default `linux/amd64`. */
  readonly platform?: string;
  /** The `config` member of the image configuration: `Entrypoint`, `Env`, `Labels` … */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** `docker`: Docker's media types (image manifest v2 schema 2) instead of OCI's. */
  readonly format?: 'oci' | 'docker';
  /** Makes another image of the same input. */
  readonly seed?: string | number;
  /** OCI `subject`: makes the image refer to another. */
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly gzip?: LayerGzip;
}

/** Builds an image; the same input gives the same digests. Only compressed layers are in memory. */
export async function makeImage(input: ImageInput = {}): Promise<TestImage> {
  const docker = input.format === 'docker';
  const layers: Array<{ blob: TestBlob; diffId: string }> = [];
  for (const [index, layer] of (input.layers ?? [{ size: 1000 }]).entries())
    layers.push(await makeLayer(layer, `${input.seed ?? 0}/${index}`, input.gzip, docker));
  const config = configBlob(
    input,
    docker,
    layers.map(({ diffId }) => diffId),
  );
  const manifest = {
    schemaVersion: 2,
    mediaType: docker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest,
    ...(input.artifactType !== undefined && { artifactType: input.artifactType }),
    config: plainDescriptor(config),
    layers: layers.map(({ blob }) => plainDescriptor(blob)),
    ...(input.subject && { subject: plainDescriptor(input.subject) }),
    ...(input.annotations && { annotations: input.annotations }),
  };
  return {
    ...manifestOf(manifest),
    blobs: [config, ...layers.map(({ blob }) => blob)],
    children: [],
    platform: input.platform ?? 'linux/amd64',
  };
}

export interface IndexInput {
  readonly format?: 'oci' | 'docker';
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An index (manifest list) of images, each with its platform. */
export function makeIndex(children: readonly TestImage[], input: IndexInput = {}): TestImage {
  const index = {
    schemaVersion: 2,
    mediaType: input.format === 'docker' ? MEDIA_TYPES.dockerIndex : MEDIA_TYPES.ociIndex,
    manifests: children.map((child) => ({
      ...plainDescriptor(child.root),
      ...(child.platform !== undefined && { platform: parsePlatform(child.platform) }),
    })),
    ...(input.annotations && { annotations: input.annotations }),
  };
  return { ...manifestOf(index), blobs: [], children };
}

export interface ArtifactInput {
  readonly configType: string;
  readonly config?: Uint8Array | string;
  readonly layers: ReadonlyArray<{ readonly mediaType: string; readonly bytes: Uint8Array | string }>;
  readonly artifactType?: string;
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Any OCI artifact in an image manifest: a chart as `helm push` makes it, a signature, an SBOM. */
export function makeArtifact(input: ArtifactInput): TestImage {
  const config = memoryBlob(input.configType, input.config ?? '{}');
  const layers = input.layers.map(({ mediaType, bytes }) => memoryBlob(mediaType, bytes));
  const manifest = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    ...(input.artifactType !== undefined && { artifactType: input.artifactType }),
    config: plainDescriptor(config),
    layers: layers.map(plainDescriptor),
    ...(input.subject && { subject: plainDescriptor(input.subject) }),
    ...(input.annotations && { annotations: input.annotations }),
  };
  return { ...manifestOf(manifest), blobs: [config, ...layers], children: [] };
}

/** Every blob and manifest of an image, once each. */
export function contentOfImage(image: TestImage): Array<SizedDigest & { readonly content: Content }> {
  const own = [...image.blobs, { ...image.root, content: memoryContent(image.manifest) }];
  const all = [...image.children.flatMap(contentOfImage), ...own];
  return [...new Map(all.map((blob) => [blob.digest, blob])).values()];
}

async function makeLayer(
  layer: LayerInput,
  seed: string,
  gzip: LayerGzip | undefined,
  docker: boolean,
): Promise<{ blob: TestBlob; diffId: string }> {
  const tar = await layerContent(layer, seed);
  const diff = await sizedDigestOf(tar);
  const zip = gzip ?? ('compressible' in layer && layer.compressible === true ? 'compressed' : 'stored');
  const content = await zipped(tar, zip);
  const sized = zip === 'none' ? diff : await sizedDigestOf(content);
  return { blob: { mediaType: layerType(docker, zip !== 'none'), ...sized, content }, diffId: diff.digest };
}

async function zipped(tar: Content, gzip: LayerGzip): Promise<Content> {
  if (gzip === 'none') return tar;
  return gzip === 'stored' ? storedGzip(tar) : memoryContent(gzipSync(await readContent(tar)));
}

function layerType(docker: boolean, zip: boolean): string {
  if (docker) return 'application/vnd.docker.image.rootfs.diff.tar.gzip';
  return zip ? MEDIA_TYPES.ociLayerGzip : MEDIA_TYPES.ociLayer;
}

async function layerContent(layer: LayerInput, seed: string): Promise<Content> {
  if (layer instanceof Uint8Array) return memoryContent(layer);
  if ('open' in layer) return layer;
  const generate = layer.compressible === true ? compressibleContent : seededContent;
  return layerTar([{ path: 'data/generated.bin', content: generate(layer.size, layer.seed ?? seed) }]);
}

function configBlob(input: ImageInput, docker: boolean, diffIds: readonly string[]): TestBlob {
  const config = {
    created: '1970-01-01T00:00:00Z',
    ...parsePlatform(input.platform ?? 'linux/amd64'),
    config: input.config ?? {},
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: diffIds.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'gapferry testkit' })),
  };
  const mediaType = docker ? 'application/vnd.docker.container.image.v1+json' : MEDIA_TYPES.ociConfig;
  return memoryBlob(mediaType, JSON.stringify(config));
}

function memoryBlob(mediaType: string, bytes: Uint8Array | string): TestBlob {
  const content = memoryContent(bytes);
  return { mediaType, digest: digestOf(bytes), size: content.size, content };
}

function manifestOf(value: { readonly mediaType: string }): Pick<TestImage, 'root' | 'manifest'> {
  const manifest = Buffer.from(JSON.stringify(value));
  return {
    manifest,
    root: { mediaType: value.mediaType, digest: digestOf(manifest), size: manifest.byteLength },
  };
}

function plainDescriptor({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}
