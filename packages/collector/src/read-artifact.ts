import {
  type BlobReader,
  type Descriptor,
  GapferryError,
  type ImageHolding,
  isIndexType,
  MANIFEST_LIMITS,
  MEDIA_TYPES,
  parseManifestLinks,
  type Run,
  readVerified,
} from '@gapferry/core';

/** What Flux and Argo CD unpack. */
const LAYERS: ReadonlySet<string> = new Set([
  'application/vnd.cncf.flux.content.v1.tar+gzip',
  MEDIA_TYPES.ociLayer,
  MEDIA_TYPES.ociLayerGzip,
]);
const ARCHIVE_LIMIT = 33_554_432;

/** The archive of manifests that an artifact of Flux or Argo CD is: its only layer. Throws `CONTENT_INVALID` for what is no such artifact, `LIMIT_EXCEEDED` for a large one. */
export async function readArtifact(
  { pin: { id }, root }: ImageHolding,
  from: BlobReader,
  run: Run,
): Promise<Uint8Array> {
  const bytes = await readBlob(root, MANIFEST_LIMITS.maxBytes, id, from, run);
  if (isIndexType(root.mediaType)) throw refused(id, 'it is an index of several');
  const [, ...layers] = parseManifestLinks(bytes, root.mediaType, `the manifest of ${id}`).links;
  const [layer] = layers;
  if (layer === undefined || layers.length > 1) throw refused(id, `it has ${layers.length} layers`);
  if (!LAYERS.has(layer.mediaType)) throw refused(id, `its layer is ${layer.mediaType.slice(0, 200)}`);
  return readBlob(layer, ARCHIVE_LIMIT, id, from, run);
}

async function readBlob(
  blob: Descriptor,
  limit: number,
  id: string,
  from: BlobReader,
  run: Run,
): Promise<Uint8Array> {
  if (blob.size <= limit) return readVerified(blob, from.open(blob, run), { origin: 'depot' });
  throw new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `the artifact ${id} has ${blob.size} bytes, more than the ${limit} that are looked into`,
  });
}

function refused(id: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `${id} is no archive of manifests: ${why}`,
    hint: 'if it is not what Flux or Argo CD deploys, say so and why under "waivers"',
  });
}
