import {
  type BlobReader,
  type Bytes,
  canonicalBytes,
  type Descriptor,
  type Digest,
  digestOf,
  type FileContent,
  type FileName,
  GapferryError,
  type LoadFile,
  MEDIA_TYPES,
  type OciContent,
  type OciTag,
  type SizedDigest,
  verifiedBytes,
} from '../index.ts';

/** A made-up image with the loads that bring it to a target. */
export interface TestImage {
  readonly content: OciContent;
  readonly tag: OciTag;
  readonly parts: readonly Uint8Array[];
  /** A layer that every made-up image has. */
  readonly shared: SizedDigest;
  /** A layer that no other has. */
  readonly own: SizedDigest;
}

/** An index over one image manifest, a config and two layers; the same seed makes the same bytes. */
export function makeImage(seed: string, tag = '1.0'): TestImage {
  const shared = part(MEDIA_TYPES.ociLayerGzip, Buffer.alloc(70_000, 'shared layer '));
  const own = part(MEDIA_TYPES.ociLayerGzip, Buffer.alloc(50_000, `layer of ${seed} `));
  const config = part(
    MEDIA_TYPES.ociConfig,
    canonicalBytes({ architecture: 'amd64', os: 'linux', author: seed }),
  );
  const manifest = part(
    MEDIA_TYPES.ociManifest,
    canonicalBytes({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config: config.is,
      layers: [shared.is, own.is],
    }),
  );
  const index = part(
    MEDIA_TYPES.ociIndex,
    canonicalBytes({ schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [manifest.is] }),
  );
  const all = [shared, own, config, manifest, index];
  const base = {
    item: `registry.example/line/${seed}:${tag}`,
    repository: 'registry.example/line/app',
    root: index.is,
  };
  return {
    content: {
      phase: 'content',
      kind: 'oci',
      ...base,
      blobs: all.map(({ is }) => ({ digest: is.digest, size: is.size })),
    },
    tag: { phase: 'name', kind: 'oci', of: 'image', ...base, tag },
    parts: all.map(({ bytes }) => bytes),
    shared: shared.is,
    own: own.is,
  };
}

export interface TestFile {
  readonly content: FileContent;
  readonly name: FileName;
  readonly medium: BlobReader;
}

/** A file whose path does not depend on its text. */
export function makeFile(text: string): TestFile {
  const bytes = Buffer.from(text);
  const path = 'tools/setup.txt';
  const base = { item: path, path, files: [{ path, root: part(MEDIA_TYPES.octets, bytes).is }] };
  return {
    content: { phase: 'content', kind: 'file', ...base },
    name: { phase: 'name', kind: 'file', ...base },
    medium: memoryMedium([bytes]),
  };
}

/** A directory whose paths do not depend on their texts: `bin/run` can be run, `doc/a` and `doc/b` have the same bytes. */
export function makeDirectory(text: string): TestFile {
  const path = 'tools/kit/';
  const [run, doc] = [Buffer.from(`run ${text}`), Buffer.from(`doc ${text}`)];
  const files: readonly LoadFile[] = [
    { path: `${path}bin/run`, root: part(MEDIA_TYPES.octets, run).is, executable: true },
    { path: `${path}doc/a`, root: part(MEDIA_TYPES.octets, doc).is },
    { path: `${path}doc/b`, root: part(MEDIA_TYPES.octets, doc).is },
  ];
  const base = { item: path, path, files };
  return {
    content: { phase: 'content', kind: 'file', ...base },
    name: { phase: 'name', kind: 'file', ...base },
    medium: memoryMedium([run, doc]),
  };
}

export interface MemoryMedium extends BlobReader {
  /** Digests in the order in which they were opened. */
  readonly opened: readonly Digest[];
}

/** A medium in memory, verified like any. The blob `damaged` has one changed byte. */
export function memoryMedium(parts: readonly Uint8Array[], damaged?: Digest): MemoryMedium {
  const blobs = new Map<Digest, Uint8Array>(parts.map((bytes) => [digestOf(bytes), Uint8Array.from(bytes)]));
  const bad = damaged === undefined ? undefined : blobs.get(damaged);
  if (bad !== undefined) bad[bad.length >> 1] = (bad[bad.length >> 1] ?? 0) ^ 1;
  const opened: Digest[] = [];
  return {
    opened,
    has: async ({ digest, size }) => blobs.get(digest)?.byteLength === size,
    open(blob) {
      opened.push(blob.digest);
      const bytes = blobs.get(blob.digest);
      if (bytes === undefined)
        throw new GapferryError({
          code: 'BLOB_MISSING',
          message: `${blob.digest} is not on the medium`,
          origin: 'medium',
        });
      return verifiedBytes(blob, inChunks(bytes), { origin: 'medium' });
    },
  };
}

/** One buffer for all chunks, as the Bytes contract allows: who keeps a chunk finds other bytes in it. */
async function* inChunks(bytes: Uint8Array): Bytes {
  const buffer = new Uint8Array(16_384);
  for (let at = 0; at < bytes.byteLength; at += buffer.byteLength) {
    const chunk = bytes.subarray(at, at + buffer.byteLength);
    buffer.set(chunk);
    yield buffer.subarray(0, chunk.byteLength);
  }
}

function part(mediaType: string, bytes: Uint8Array): { readonly is: Descriptor; readonly bytes: Uint8Array } {
  return { is: { mediaType, digest: digestOf(bytes), size: bytes.byteLength }, bytes };
}
