import {
  type ByteSource,
  type Descriptor,
  type Digest,
  digestOf,
  GapferryError,
  isDigest,
  isIndexType,
  isManifestType,
  type Run,
  requireDigest,
  type SizedDigest,
  shortDigest,
} from '@gapferry/core';
import type { HttpAnswer, HttpClient } from '@gapferry/http';
import { lazyBytes } from './lazy-bytes.ts';
import { MANIFEST_LIMIT, mediaTypeOf, parseManifestDocument, requireKnownType } from './manifest-document.ts';
import { ACCEPTED_MANIFESTS, bareMediaType } from './media-type-names.ts';
import { registryAddress } from './registry-address.ts';
import { readTagPages } from './tag-pages.ts';

/** The pull half of the OCI distribution protocol. `repository` is host/path everywhere, `docker.io/library/nginx`. */
export interface OciClient {
  /** What a tag or digest is now: an image or an index. Throws `SOURCE_NOT_FOUND`, `CONTENT_INVALID` (schema 1, something else), `DIGEST_MISMATCH` (the registry contradicts itself). */
  resolve(repository: string, tagOrDigest: string, run: Run): Promise<Descriptor>;
  /** The bytes of a manifest or index, checked against digest, size and media type; at most 4 MiB. */
  manifest(repository: string, descriptor: Descriptor, run: Run): Promise<Uint8Array>;
  /** A blob's bytes from any offset, not checked: the writer checks. Emits `bytes` events. */
  blob(repository: string, blob: SizedDigest, run: Run): ByteSource;
  /** All tags, in the registry's order. */
  tags(repository: string, run: Run): Promise<readonly string[]>;
}

export function createOciClient(http: HttpClient): OciClient {
  return {
    resolve: async (repository, tagOrDigest, run) => {
      const head = await askManifest(http, 'HEAD', repository, tagOrDigest, run);
      return (
        (head.status === 200 ? announced(head, repository, tagOrDigest) : undefined) ??
        received(await askManifest(http, 'GET', repository, tagOrDigest, run), repository, tagOrDigest)
      );
    },
    manifest: (repository, descriptor, run) => readManifest(http, repository, descriptor, run),
    blob: (repository, blob, run) => (from) => lazyBytes(() => openBlob(http, repository, blob, from, run)),
    tags: async (repository, run) =>
      readTagPages(http, await registryAddress(http, repository, run), repository, run),
  };
}

async function askManifest(
  http: HttpClient,
  method: 'HEAD' | 'GET',
  repository: string,
  tagOrDigest: string,
  run: Run,
): Promise<HttpAnswer> {
  const { base, scope } = await registryAddress(http, repository, run);
  const request = {
    url: `${base}/manifests/${tagOrDigest}`,
    item: named(repository, tagOrDigest),
    scope,
    headers: { Accept: ACCEPTED_MANIFESTS },
    maxBytes: MANIFEST_LIMIT,
  };
  // Some registries do not know HEAD: then GET decides.
  return http.request(
    { ...request, method, ...(method === 'HEAD' && { accept: [200, 400, 405, 501] }) },
    run,
  );
}

/** The descriptor as the headers tell it, undefined where they do not tell all of it. */
function announced({ headers }: HttpAnswer, repository: string, tagOrDigest: string): Descriptor | undefined {
  const mediaType = bareMediaType(headers.get('content-type'));
  const digest = headers.get('docker-content-digest');
  const size = headers.get('content-length') ?? '';
  if (!isDigest(digest) || !/^\d{1,9}$/.test(size) || !/manifest|index/.test(mediaType)) return undefined;
  requireKnownType(mediaType, named(repository, tagOrDigest));
  requireAsked(repository, tagOrDigest, digest);
  return { mediaType, digest, size: Number(size) };
}

function received(answer: HttpAnswer, repository: string, tagOrDigest: string): Descriptor {
  const what = named(repository, tagOrDigest);
  const digest = digestOf(answer.body);
  const claimed = answer.headers.get('docker-content-digest');
  if (isDigest(claimed))
    requireDigest({ digest: claimed, size: answer.body.byteLength }, digest, {
      origin: 'source',
      place: repository,
    });
  requireAsked(repository, tagOrDigest, digest);
  const header = bareMediaType(answer.headers.get('content-type'));
  const mediaType = isIndexType(header) || isManifestType(header) ? header : mediaTypeOf(answer.body, what);
  parseManifestDocument(answer.body, mediaType, what);
  return { mediaType, digest, size: answer.body.byteLength };
}

function requireAsked(repository: string, tagOrDigest: string, actual: Digest): void {
  if (isDigest(tagOrDigest))
    requireDigest({ digest: tagOrDigest, size: 0 }, actual, { origin: 'source', place: repository });
}

async function readManifest(
  http: HttpClient,
  repository: string,
  descriptor: Descriptor,
  run: Run,
): Promise<Uint8Array> {
  const what = named(repository, descriptor.digest);
  requireKnownType(descriptor.mediaType, what);
  if (descriptor.size > MANIFEST_LIMIT)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${what} has ${descriptor.size} bytes; the limit for a manifest is ${MANIFEST_LIMIT}`,
      origin: 'source',
    });
  const { body } = await askManifest(http, 'GET', repository, descriptor.digest, run);
  if (body.byteLength !== descriptor.size)
    throw new GapferryError({
      code: 'SIZE_MISMATCH',
      message: `${what} has ${body.byteLength} bytes instead of ${descriptor.size}`,
      origin: 'source',
      hint: 'the registry serves other bytes than it announced; nothing of them is used',
      data: { expected: descriptor.digest, size: descriptor.size, actual: body.byteLength },
    });
  requireDigest(descriptor, digestOf(body), { origin: 'source', place: repository });
  parseManifestDocument(body, descriptor.mediaType, what);
  return body;
}

async function openBlob(
  http: HttpClient,
  repository: string,
  { digest, size }: SizedDigest,
  from: number,
  run: Run,
): Promise<AsyncIterable<Uint8Array>> {
  const { base, scope } = await registryAddress(http, repository, run);
  return http.body(
    { url: `${base}/blobs/${digest}`, item: `blob ${shortDigest(digest)} of ${repository}`, scope, size },
    from,
    run,
  );
}

function named(repository: string, tagOrDigest: string): string {
  return `${repository}${tagOrDigest.includes(':') ? '@' : ':'}${tagOrDigest}`;
}
