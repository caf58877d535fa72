import { type Descriptor, type Digest, digestOf, isDigest, MEDIA_TYPES, parseJson } from '@gapferry/core';
import { jsonReply, type Reply } from '../http/reply.ts';
import { readBody, type TestRequest } from '../http/test-request.ts';
import { MANIFEST_LIMIT, type ParsedManifest, parseManifest, requireChildren } from './manifest-rules.ts';
import { RegistryError } from './registry-error.ts';
import { isTag } from './registry-path.ts';
import type { RegistryQuirks } from './registry-quirks.ts';
import type { RegistryStore } from './registry-store.ts';
import type { Repository } from './repository.ts';

/** What of the registry's options pushing depends on. */
interface PushRules {
  readonly referrers?: boolean;
  readonly quirks?: RegistryQuirks;
}

/** GET and HEAD. Like distribution 2.8, it serves a manifest only to a client that lists its media type in Accept. */
export function pullManifest(request: TestRequest, repository: Repository, reference: string): Reply {
  const digest = resolve(repository, reference);
  const manifest = digest === undefined ? undefined : repository.manifests.get(digest);
  if (digest === undefined || manifest === undefined)
    throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown', { reference });
  if (!accepts(request, manifest.mediaType))
    throw new RegistryError('MANIFEST_UNKNOWN', `the Accept header does not list ${manifest.mediaType}`, {
      reference,
    });
  const headers = {
    'content-type': manifest.mediaType,
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  };
  if (request.headers['if-none-match'] === headers.etag) return { status: 304, headers };
  return { status: 200, headers, body: manifest.bytes };
}

/** PUT by tag or by digest: shape, digest and presence of everything referenced are judged first. */
export async function pushManifest(
  request: TestRequest,
  store: RegistryStore,
  name: string,
  reference: string,
  { referrers, quirks = {} }: PushRules = {},
): Promise<Reply> {
  const bytes = await readBody(request);
  if (bytes.byteLength > MANIFEST_LIMIT) throw new RegistryError('SIZE_INVALID', 'manifest too large');
  const mediaType = (request.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '';
  const manifest = parseManifest(bytes, mediaType);
  const digest = digestOf(bytes);
  requireReference(reference, digest);
  const repository = store.create(name);
  requireChildren(manifest, repository);
  if (quirks.subjectFirst === true) requireSubject(manifest, repository);
  if (isKept(quirks, name, reference)) requireUnset(repository, name, reference);
  repository.manifests.set(digest, { mediaType, bytes });
  if (!reference.includes(':')) repository.tags.set(reference, digest);
  return {
    status: 201,
    headers: {
      location: `/v2/${name}/manifests/${digest}`,
      'docker-content-digest': digest,
      ...(manifest.subject && referrers !== false && { 'oci-subject': manifest.subject.digest }),
    },
  };
}

function requireSubject({ subject }: ParsedManifest, repository: Repository): void {
  if (subject === undefined || repository.manifests.has(subject.digest)) return;
  throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown', { digest: subject.digest });
}

function isKept({ immutableTags = false }: RegistryQuirks, name: string, tag: string): boolean {
  return typeof immutableTags === 'function' ? immutableTags(name, tag) : immutableTags;
}

function requireUnset(repository: Repository, name: string, tag: string): void {
  if (!repository.tags.has(tag)) return;
  throw new RegistryError(
    'PRECONDITION',
    `Failed to process request due to '${name}:${tag}' configured as immutable.`,
  );
}

/** DELETE by tag removes the tag; by digest the manifest and every tag on it, unless one of them is immutable. */
export function deleteManifest(
  repository: Repository,
  reference: string,
  { name, quirks = {} }: { readonly name: string; readonly quirks?: RegistryQuirks | undefined },
): Reply {
  for (const [tag, digest] of repository.tags)
    if ((tag === reference || digest === reference) && isKept(quirks, name, tag))
      requireUnset(repository, name, tag);
  if (!isDigest(reference)) {
    if (!repository.tags.delete(reference)) throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown');
    return { status: 202 };
  }
  if (!repository.manifests.delete(reference))
    throw new RegistryError('MANIFEST_UNKNOWN', 'manifest unknown');
  for (const [tag, digest] of repository.tags) if (digest === reference) repository.tags.delete(tag);
  return { status: 202 };
}

/** The referrers API (distribution-spec, listing referrers): an index, empty where nothing refers to the digest. */
export function listReferrers(
  request: TestRequest,
  repository: Repository,
  digest: string,
  {
    perPage = Number.POSITIVE_INFINITY,
    wholeSizes = false,
  }: { readonly perPage?: number; readonly wholeSizes?: boolean } = {},
): Reply {
  if (!isDigest(digest)) throw new RegistryError('DIGEST_INVALID', 'invalid digest', { digest });
  const wanted = request.query.get('artifactType');
  const all = [...repository.manifests]
    .map(([own, { mediaType, bytes }]) => ({ own, mediaType, bytes, manifest: parseStored(bytes) }))
    .filter(({ manifest }) => manifest.subject?.digest === digest)
    .map(({ own, mediaType, bytes, manifest }) =>
      referrer(own, mediaType, bytes.byteLength + (wholeSizes ? partsOf(manifest) : 0), manifest),
    )
    .filter(({ artifactType }) => wanted === null || artifactType === wanted);
  const from = Number(request.query.get('from') ?? 0);
  const manifests = all.slice(from, from + perPage);
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests };
  const filtered: Record<string, string> = wanted === null ? {} : { 'oci-filters-applied': 'artifactType' };
  const link = `<${request.path}?from=${from + perPage}>; rel="next"`;
  const more: Record<string, string> = from + perPage < all.length ? { link } : {};
  return jsonReply(200, index, { 'content-type': MEDIA_TYPES.ociIndex, ...filtered, ...more });
}

function referrer(
  digest: Digest,
  mediaType: string,
  size: number,
  manifest: ParsedManifest,
): Descriptor & { artifactType: string | undefined; annotations: ParsedManifest['annotations'] } {
  const artifactType = manifest.artifactType ?? manifest.config?.mediaType;
  return { mediaType, digest, size, artifactType, annotations: manifest.annotations };
}

function partsOf({ config, layers = [] }: ParsedManifest): number {
  return (config?.size ?? 0) + layers.reduce((sum, { size }) => sum + size, 0);
}

function parseStored(bytes: Uint8Array): ParsedManifest {
  return parseJson(bytes, 'stored manifest', { maxBytes: MANIFEST_LIMIT, maxDepth: 64 }) as ParsedManifest;
}

function resolve(repository: Repository, reference: string): Digest | undefined {
  return isDigest(reference) ? reference : repository.tags.get(reference);
}

function requireReference(reference: string, digest: Digest): void {
  if (reference.includes(':')) {
    if (reference === digest) return;
    throw new RegistryError('DIGEST_INVALID', 'provided digest did not match uploaded content', { digest });
  }
  if (!isTag(reference)) throw new RegistryError('TAG_INVALID', 'invalid tag', { tag: reference });
}

function accepts(request: TestRequest, mediaType: string): boolean {
  return (request.headers.accept ?? '').split(',').some((part) => part.split(';')[0]?.trim() === mediaType);
}
