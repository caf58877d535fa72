import type { Descriptor } from './descriptor.ts';
import { isDigest } from './digest.ts';
import { GapferryError } from './errors.ts';
import { isIndexType, isManifestType } from './media-types.ts';
import { type JsonLimits, parseJson } from './parse-json.ts';

/** A descriptor inside a manifest. */
export interface ManifestLink extends Descriptor {
  /** False for layers that a registry need not have (non-distributable and foreign layers). */
  readonly required: boolean;
}

/** What an OCI index or image manifest names (OCI image-spec image-index.md and manifest.md; Docker schema 2). */
export interface ManifestLinks {
  /** Children of an index, or config and layers of an image manifest, in the order in which they stand there. */
  readonly links: readonly ManifestLink[];
  /** What the manifest is about, where it is an attached artifact. Not part of `links`. */
  readonly subject?: Descriptor;
  /** `artifactType`, or the config's media type (distribution-spec, listing referrers). */
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The distribution-spec lets registries refuse manifests over 4 MiB; some indexes are larger. */
export const MANIFEST_LIMITS: JsonLimits = { maxBytes: 16 << 20, maxDepth: 32 };

/** Is this the media type of something that names other blobs? */
export function hasLinks(mediaType: string): boolean {
  return isIndexType(mediaType) || isManifestType(mediaType);
}

/** Reads the descriptors of untrusted manifest bytes. `what` names the manifest in errors. Throws `JSON_INVALID`, `LIMIT_EXCEEDED`, `CONTENT_INVALID`. */
export function parseManifestLinks(bytes: Uint8Array, mediaType: string, what: string): ManifestLinks {
  const manifest = toObject(parseJson(bytes, what, MANIFEST_LIMITS), what);
  requireOneMeaning(manifest, mediaType, what);
  const links = isIndexType(mediaType)
    ? toList(manifest['manifests'], what)
    : [manifest['config'], ...toList(manifest['layers'], what)];
  const parsed = links.map((link) => toLink(link, what));
  const { subject, annotations } = manifest;
  const artifactType =
    manifest['artifactType'] ?? (isIndexType(mediaType) ? undefined : parsed[0]?.mediaType);
  return {
    links: parsed,
    ...(subject !== undefined && subject !== null && { subject: toDescriptor(subject, what) }),
    ...(typeof artifactType === 'string' && { artifactType }),
    ...(annotations !== undefined && annotations !== null && { annotations: toTexts(annotations, what) }),
  };
}

/** Who reads it by its media type and who reads it by its members must see the same thing (image-spec, manifest.md, `mediaType`). */
function requireOneMeaning(
  { mediaType: own, manifests, config }: Readonly<Record<string, unknown>>,
  mediaType: string,
  what: string,
): void {
  if (own !== undefined && own !== mediaType)
    throw invalid(what, `calls itself something else than ${mediaType}`);
  if (own === undefined && (isIndexType(mediaType) ? config : manifests) !== undefined)
    throw invalid(what, `has members that do not fit its media type ${mediaType}`);
}

function toLink(value: unknown, what: string): ManifestLink {
  const descriptor = toDescriptor(value, what);
  return { ...descriptor, required: !/\.(?:nondistributable|foreign)\./.test(descriptor.mediaType) };
}

function toDescriptor(value: unknown, what: string): Descriptor {
  const { mediaType, digest, size } = toObject(value, what);
  if (typeof mediaType !== 'string' || mediaType === '' || mediaType.length > 255)
    throw invalid(what, 'has a descriptor without media type');
  if (!isDigest(digest)) throw invalid(what, 'has a descriptor without a sha256 digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw invalid(what, `has a descriptor of ${digest} without a size`);
  return { mediaType, digest, size };
}

function toTexts(value: unknown, what: string): Record<string, string> {
  const entries = Object.entries(toObject(value, what));
  if (!entries.every(([, text]) => typeof text === 'string'))
    throw invalid(what, 'has an annotation that is not text');
  return Object.fromEntries(entries) as Record<string, string>;
}

function toList(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(what, 'does not list what it consists of');
}

function toObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw invalid(what, 'has something else where an object must be');
}

function invalid(what: string, why: string): GapferryError {
  return new GapferryError({ code: 'CONTENT_INVALID', message: `${what} ${why}` });
}
