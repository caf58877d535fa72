import {
  type ByteSource,
  type Bytes,
  type Descriptor,
  type Digest,
  digestOf,
  hexOf,
  isDigest,
  MEDIA_TYPES,
  parseJson,
  type Run,
} from '@gapferry/core';
import { z } from 'zod';
import { MANIFEST_LIMIT } from '../manifest-document.ts';
import { compressionOf, MAGIC_LENGTH, type UnpackLimits, unpackedBytes } from './compression.ts';
import { refused } from './local-error.ts';
import type { PlaceFile, PlaceFiles } from './place-files.ts';
import { readSmall } from './read-document.ts';

/** What manifest.json says of an image: names of files in the archive. */
export interface DockerEntry {
  readonly config: string;
  readonly layers: readonly string[];
}

/** An image that had no manifest, with the one it got. */
export interface DockerImage {
  readonly root: Descriptor;
  /** The manifest, the config and the layers. */
  readonly content: ReadonlyMap<Digest, PlaceFile>;
}

const CONFIG_TYPE = 'application/vnd.docker.container.image.v1+json';
/** Also for layers that are not packed: there is no other type in image manifest v2 schema 2, and so does every tool. */
const LAYER_TYPE = 'application/vnd.docker.image.rootfs.diff.tar.gzip';

const configShape = z.looseObject({
  rootfs: z.looseObject({
    diff_ids: z.array(z.string().refine(isDigest, 'is not sha256: and 64 lower-case hex digits')),
  }),
});

/** Makes the manifest that `skopeo copy docker-archive:…` makes (Docker image manifest v2 schema 2; the bytes of Go's JSON): the layers unpacked, so that their digests are the
 *  config's diff_ids and say nothing of who packed them. Nothing is hashed but the config; a packed layer is unpacked once here to know its size. */
export async function buildDockerImage(
  files: PlaceFiles,
  entry: DockerEntry,
  limits: UnpackLimits,
  run: Run,
): Promise<DockerImage> {
  const { config, bytes } = await readConfig(files, entry.config, run);
  const what = `${entry.config.slice(0, 100)} in ${files.what}`;
  const parsed = configShape.safeParse(parseJson(bytes, what, { maxBytes: MANIFEST_LIMIT, maxDepth: 64 }));
  if (!parsed.success) throw refused(what, 'it is no image configuration with diff_ids');
  const { diff_ids: digests } = parsed.data.rootfs;
  if (digests.length !== entry.layers.length)
    throw refused(what, `it names ${digests.length} layers, and manifest.json ${entry.layers.length}`);
  const content = new Map<Digest, PlaceFile>([[config.digest, memoryFile(bytes)]]);
  for (const [at, digest] of digests.entries())
    if (!content.has(digest))
      content.set(digest, await layerFile(files, entry.layers[at] ?? '', limits, run));
  const manifest = manifestBytes(
    config,
    digests.map((digest) => ({ digest, size: content.get(digest)?.size ?? 0 })),
  );
  const root = {
    mediaType: MEDIA_TYPES.dockerManifest,
    digest: digestOf(manifest),
    size: manifest.byteLength,
  };
  return { root, content: content.set(root.digest, memoryFile(manifest)) };
}

/** A config is called after its digest; one that is not itself was changed. */
async function readConfig(
  files: PlaceFiles,
  name: string,
  run: Run,
): Promise<{ config: Pick<Descriptor, 'digest' | 'size'>; bytes: Uint8Array }> {
  const file = await requireFile(files, name);
  const bytes = await readSmall(file, MANIFEST_LIMIT, `${name.slice(0, 100)} in ${files.what}`, run);
  const digest = digestOf(bytes);
  const [claimed = hexOf(digest)] = /[0-9a-f]{64}/.exec(name) ?? [];
  if (claimed !== hexOf(digest))
    throw refused(files.what, `its ${name} has other content: its sha256 is ${digest}`, 'DIGEST_MISMATCH');
  return { config: { digest, size: bytes.byteLength }, bytes };
}

async function requireFile(files: PlaceFiles, name: string): Promise<PlaceFile> {
  const file = await files.find(name.replace(/^(?:\.\/)+/, ''));
  if (file === undefined)
    throw refused(files.what, `manifest.json names ${name.slice(0, 200)}, which is not in it`);
  return file;
}

async function layerFile(
  files: PlaceFiles,
  name: string,
  limits: UnpackLimits,
  run: Run,
): Promise<PlaceFile> {
  const file = await requireFile(files, name);
  const what = `${name.slice(0, 100)} in ${files.what}`;
  const compression = compressionOf(await beginningOf(file, run), what);
  if (compression === undefined) return file;
  const open = (inner: Run): Bytes =>
    unpackedBytes(file.open(inner)(0), file.size, compression, limits, what);
  let size = 0;
  for await (const chunk of open(run)) size += chunk.byteLength;
  return { size, open: (inner) => (from) => skipped(open(inner), from) };
}

async function beginningOf(file: PlaceFile, run: Run): Promise<Uint8Array> {
  for await (const chunk of file.open(run)(0)) return Uint8Array.from(chunk.subarray(0, MAGIC_LENGTH));
  return new Uint8Array();
}

async function* skipped(bytes: Bytes, count: number): Bytes {
  let skip = count;
  for await (const chunk of bytes) {
    if (skip < chunk.byteLength) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.byteLength);
  }
}

function manifestBytes(
  config: Pick<Descriptor, 'digest' | 'size'>,
  layers: ReadonlyArray<Pick<Descriptor, 'digest' | 'size'>>,
): Uint8Array {
  const described = (mediaType: string, { digest, size }: Pick<Descriptor, 'digest' | 'size'>) => ({
    mediaType,
    size,
    digest,
  });
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.dockerManifest,
      config: described(CONFIG_TYPE, config),
      layers: layers.map((layer) => described(LAYER_TYPE, layer)),
    }),
  );
}

function memoryFile(bytes: Uint8Array): PlaceFile {
  return {
    size: bytes.byteLength,
    open: (): ByteSource =>
      async function* (from) {
        if (from < bytes.byteLength) yield bytes.subarray(from);
      },
  };
}
