import {
  type Descriptor,
  type Digest,
  GapferryError,
  isDigest,
  isIndexType,
  isManifestType,
  MEDIA_TYPES,
  type Platform,
  parseJson,
} from '@gapferry/core';
import { z } from 'zod';
import { isSchema1Type } from './media-type-names.ts';

/** Bytes; distribution and most registries refuse larger manifests too. */
export const MANIFEST_LIMIT: number = 4 << 20;
/** Entries of one index. */
export const MOST_CHILDREN = 1000;

/** A manifest or index as its bytes say it (OCI image-spec manifest.md, image-index.md; Docker image manifest v2 schema 2). */
export type ManifestDocument = ImageDocument | IndexDocument;

export interface ImageDocument {
  readonly kind: 'image';
  readonly config: Descriptor;
  readonly layers: readonly LayerDescriptor[];
}

export interface LayerDescriptor extends Descriptor {
  /** Where else the bytes may be found; never empty. */
  readonly urls?: readonly string[];
}

export interface IndexDocument {
  readonly kind: 'index';
  readonly children: readonly IndexEntry[];
  /** The whole document as it was parsed, for an index computed from it. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface IndexEntry {
  readonly descriptor: Descriptor;
  /** Undefined where the entry has none, or says `unknown/unknown` as attestations do. */
  readonly platform?: Platform;
  /** The entry this one belongs to: BuildKit's attestation manifests name their image in `vnd.docker.reference.digest`. */
  readonly subject?: Digest;
  /** It is provenance or an SBOM about another entry, and no image (BuildKit's `vnd.docker.reference.type`). */
  readonly isAttestation: boolean;
  /** The entry as it was parsed. */
  readonly raw: Readonly<Record<string, unknown>>;
}

const descriptorShape = z.looseObject({
  mediaType: z.string().min(1).max(255),
  digest: z.string().refine(isDigest, 'is not sha256: and 64 lower-case hex digits'),
  size: z.int().min(0),
  urls: z.array(z.string().max(4096)).max(100).nullish(),
});
const platformPart = z.string().max(64);
const entryShape = descriptorShape.extend({
  platform: z
    .looseObject({ os: platformPart, architecture: platformPart, variant: platformPart.optional() })
    .nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});
const imageShape = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: descriptorShape,
  layers: z.array(descriptorShape),
});
const indexShape = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  manifests: z.array(entryShape),
});

/** Reads untrusted manifest bytes. `what` names them in errors. Throws `LIMIT_EXCEEDED` (4 MiB, 32 levels, 1,000 entries), `JSON_INVALID`, or `CONTENT_INVALID`: schema 1,
 *  another media type than `mediaType`, an unknown one, another digest algorithm than sha256. Layers and index entries may have any media type (image-spec, image-index.md). */
export function parseManifestDocument(bytes: Uint8Array, mediaType: string, what: string): ManifestDocument {
  requireKnownType(mediaType, what);
  const value = parseJson(bytes, what, { maxBytes: MANIFEST_LIMIT, maxDepth: 32 });
  requireSameType(value, mediaType, what);
  return isIndexType(mediaType)
    ? indexDocument(read(indexShape, value, what), what)
    : imageDocument(read(imageShape, value, what));
}

/** The media type that manifest bytes give themselves, or that their shape leaves no doubt about. */
export function mediaTypeOf(bytes: Uint8Array, what: string): string {
  const value = parseJson(bytes, what, { maxBytes: MANIFEST_LIMIT, maxDepth: 32 }) as Record<
    string,
    unknown
  > | null;
  if (value?.['schemaVersion'] === 1) throw schema1(what);
  if (typeof value?.['mediaType'] === 'string') return value['mediaType'];
  return Array.isArray(value?.['manifests']) ? MEDIA_TYPES.ociIndex : MEDIA_TYPES.ociManifest;
}

/** Throws `CONTENT_INVALID` for what is neither an image nor an index. */
export function requireKnownType(mediaType: string, what: string): void {
  if (isSchema1Type(mediaType)) throw schema1(what);
  if (!isIndexType(mediaType) && !isManifestType(mediaType))
    throw invalid(what, `its media type is "${mediaType.slice(0, 100)}", neither an image nor an index`);
}

function requireSameType(value: unknown, mediaType: string, what: string): void {
  const { mediaType: own, schemaVersion, manifests, config } = (value ?? {}) as Record<string, unknown>;
  if (schemaVersion === 1) throw schema1(what);
  if (own !== undefined && own !== mediaType)
    throw invalid(what, `it calls itself "${String(own).slice(0, 100)}" and was announced as "${mediaType}"`);
  // A document without a media type of its own must not be readable both ways.
  if (own === undefined && (isIndexType(mediaType) ? config !== undefined : manifests !== undefined))
    throw invalid(what, `its members do not fit its media type "${mediaType}"`);
}

function read<T>(shape: z.ZodType<T>, value: unknown, what: string): T {
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')} ${message}`);
  throw invalid(what, problems.join('; '));
}

function imageDocument({ config, layers }: z.infer<typeof imageShape>): ImageDocument {
  return { kind: 'image', config: plain(config), layers: layers.map(layerDescriptor) };
}

function layerDescriptor(layer: z.infer<typeof descriptorShape>): LayerDescriptor {
  const { urls } = layer;
  return { ...plain(layer), ...(urls && urls.length > 0 && { urls }) };
}

function indexDocument(index: z.infer<typeof indexShape>, what: string): IndexDocument {
  if (index.manifests.length > MOST_CHILDREN)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${what} has ${index.manifests.length} entries; the limit is ${MOST_CHILDREN}`,
      origin: 'source',
    });
  return { kind: 'index', raw: index, children: index.manifests.map((entry) => indexEntry(entry, what)) };
}

function indexEntry(entry: z.infer<typeof entryShape>, what: string): IndexEntry {
  if (isSchema1Type(entry.mediaType)) throw schema1(`an entry of ${what}`);
  const subject = entry.annotations?.['vnd.docker.reference.digest'];
  const isAttestation = entry.annotations?.['vnd.docker.reference.type'] === 'attestation-manifest';
  const platform = knownPlatform(entry.platform);
  return {
    descriptor: plain(entry),
    raw: entry,
    isAttestation,
    ...(platform && { platform }),
    ...(isDigest(subject) && { subject }),
  };
}

/** Undefined for what names no platform. */
export function knownPlatform(
  platform: { os?: unknown; architecture?: unknown; variant?: unknown } | null | undefined,
): Platform | undefined {
  const { os, architecture, variant } = platform ?? {};
  if (!isPart(os) || !isPart(architecture) || os === 'unknown' || architecture === 'unknown')
    return undefined;
  return { os, architecture, ...(isPart(variant) && { variant }) };
}

function isPart(text: unknown): text is string {
  return typeof text === 'string' && /^[a-z0-9][a-z0-9._-]{0,31}$/.test(text);
}

function plain({ mediaType, digest, size }: z.infer<typeof descriptorShape>): Descriptor {
  return { mediaType, digest, size };
}

function schema1(what: string): GapferryError {
  return invalid(
    what,
    'it is in the old image format "schema 1", which has no digests to rely on',
    'push the image again with a tool of this decade, or choose another tag',
  );
}

function invalid(what: string, why: string, hint?: string): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    message: `${what} is refused: ${why}`,
    origin: 'source',
    ...(hint && { hint }),
  });
}
