import { type Descriptor, isDigest, isIndexType, isManifestType } from '@gapferry/core';
import { RegistryError } from './registry-error.ts';
import type { Repository } from './repository.ts';

/** Distribution's limit for one manifest, in bytes. */
export const MANIFEST_LIMIT = 4_194_304;

export interface ParsedManifest {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly config?: Descriptor;
  readonly layers?: readonly ListedBlob[];
  readonly manifests?: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface ListedBlob extends Descriptor {
  /** Non-distributable layers live elsewhere and need not be pushed. */
  readonly urls?: readonly string[];
}

/** Judges the shape of a pushed manifest (OCI image-spec manifest.md, image-index.md). Throws `MANIFEST_INVALID`. */
export function parseManifest(bytes: Uint8Array, contentType: string): ParsedManifest {
  const manifest = parseObject(bytes);
  if (!isIndexType(contentType) && !isManifestType(contentType))
    throw invalid(`the media type ${contentType} is not supported`);
  if (manifest.mediaType !== undefined && manifest.mediaType !== contentType)
    throw invalid(`mediaType in the manifest is ${manifest.mediaType}, Content-Type is ${contentType}`);
  if (isIndexType(contentType)) {
    if (!Array.isArray(manifest.manifests)) throw invalid('an index needs "manifests"');
  } else if (manifest.config === undefined || !Array.isArray(manifest.layers))
    throw invalid('an image manifest needs "config" and "layers"');
  const { blobs, manifests } = childrenOf(manifest);
  for (const descriptor of [...blobs, ...manifests, ...(manifest.subject ? [manifest.subject] : [])])
    requireDescriptor(descriptor);
  return manifest;
}

/** What must be in the repository before the manifest may be. */
export function childrenOf(manifest: ParsedManifest): { blobs: Descriptor[]; manifests: Descriptor[] } {
  const layers = (manifest.layers ?? []).filter(({ urls }) => urls === undefined || urls.length === 0);
  return {
    blobs: [...(manifest.config ? [manifest.config] : []), ...layers],
    manifests: [...(manifest.manifests ?? [])],
  };
}

/** Throws `MANIFEST_BLOB_UNKNOWN` when a blob or a child manifest is missing; a missing subject is allowed (distribution-spec, pushing manifests with subject). */
export function requireChildren(manifest: ParsedManifest, repository: Repository): void {
  const { blobs, manifests } = childrenOf(manifest);
  const missing = [
    ...blobs.filter(({ digest }) => !repository.blobs.has(digest)),
    ...manifests.filter(({ digest }) => !repository.manifests.has(digest)),
  ];
  if (missing.length === 0) return;
  const digests = missing.map(({ digest }) => digest);
  throw new RegistryError('MANIFEST_BLOB_UNKNOWN', 'manifest references a blob unknown to registry', digests);
}

function parseObject(bytes: Uint8Array): ParsedManifest {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return requireVersion(value);
  } catch (error) {
    if (error instanceof RegistryError) throw error;
  }
  throw invalid('it is not a JSON object');
}

function requireVersion(value: object): ParsedManifest {
  if (!('schemaVersion' in value) || value.schemaVersion !== 2) throw invalid('schemaVersion is not 2');
  return value as ParsedManifest;
}

function requireDescriptor(descriptor: Partial<Descriptor>): void {
  const good =
    isDigest(descriptor?.digest) &&
    Number.isSafeInteger(descriptor.size) &&
    Number(descriptor.size) >= 0 &&
    typeof descriptor.mediaType === 'string';
  if (!good) throw invalid('a descriptor lacks mediaType, digest or size');
}

function invalid(why: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', `manifest invalid: ${why}`);
}
