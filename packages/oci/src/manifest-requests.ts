import {
  type Descriptor,
  type Digest,
  digestOf,
  GapferryError,
  isDigest,
  isIndexType,
  isManifestType,
  type Run,
  requireDigest,
} from '@gapferry/core';
import type { HttpAnswer, HttpClient } from '@gapferry/http';
import { MANIFEST_LIMIT, mediaTypeOf, parseManifestDocument, requireKnownType } from './manifest-document.ts';
import { ACCEPTED_MANIFESTS, bareMediaType } from './media-type-names.ts';
import type { AskedPlace } from './registry-places.ts';

/** A repository at one place, and how to ask there. */
export interface AskedRepository extends AskedPlace {
  readonly http: HttpClient;
}

/** Answers of registries that do not know HEAD. */
const NO_HEAD = [400, 405, 501];

/** What a tag or digest is now, by HEAD; by GET where HEAD does not tell. */
export async function resolveManifest(
  asked: AskedRepository,
  tagOrDigest: string,
  run: Run,
): Promise<Descriptor> {
  // Some registries do not know HEAD: then GET decides.
  const head = await askManifest(asked, 'HEAD', tagOrDigest, [200, ...NO_HEAD], run);
  return (
    toldBy(head, asked.repository, tagOrDigest) ??
    received(await askManifest(asked, 'GET', tagOrDigest, [200], run), asked.repository, tagOrDigest)
  );
}

/** The same for a tag that need not exist: undefined for a real 404, and for nothing else. */
export async function findManifest(
  asked: AskedRepository,
  tag: string,
  run: Run,
): Promise<Descriptor | undefined> {
  const head = await askManifest(asked, 'HEAD', tag, [200, 404, ...NO_HEAD], run);
  if (head.status === 404) return undefined;
  const told = toldBy(head, asked.repository, tag);
  if (told !== undefined) return told;
  const answer = await askManifest(asked, 'GET', tag, [200, 404], run);
  return answer.status === 404 ? undefined : received(answer, asked.repository, tag);
}

/** The bytes of a manifest or index, checked against digest, size and media type; at most 4 MiB. */
export async function readManifest(
  asked: AskedRepository,
  descriptor: Descriptor,
  run: Run,
): Promise<Uint8Array> {
  const what = named(asked.repository, descriptor.digest);
  requireKnownType(descriptor.mediaType, what);
  if (descriptor.size > MANIFEST_LIMIT)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${what} has ${descriptor.size} bytes; the limit for a manifest is ${MANIFEST_LIMIT}`,
      origin: 'source',
    });
  const { body } = await askManifest(asked, 'GET', descriptor.digest, [200], run);
  if (body.byteLength !== descriptor.size)
    throw new GapferryError({
      code: 'SIZE_MISMATCH',
      message: `${what} has ${body.byteLength} bytes instead of ${descriptor.size}`,
      origin: 'source',
      hint: 'the registry serves other bytes than it announced; nothing of them is used',
      data: { expected: descriptor.digest, size: descriptor.size, actual: body.byteLength },
    });
  requireDigest(descriptor, digestOf(body), { origin: 'source', place: asked.repository });
  parseManifestDocument(body, descriptor.mediaType, what);
  return body;
}

async function askManifest(
  { http, repository, address }: AskedRepository,
  method: 'HEAD' | 'GET',
  tagOrDigest: string,
  accept: readonly number[],
  run: Run,
): Promise<HttpAnswer> {
  return http.request(
    {
      url: `${address.base}/manifests/${tagOrDigest}`,
      item: named(repository, tagOrDigest),
      scope: address.scope,
      headers: { Accept: ACCEPTED_MANIFESTS },
      maxBytes: MANIFEST_LIMIT,
      method,
      accept,
    },
    run,
  );
}

/** The descriptor as the headers of HEAD tell it, undefined where they do not tell all of it. */
function toldBy(
  { status, headers }: HttpAnswer,
  repository: string,
  tagOrDigest: string,
): Descriptor | undefined {
  if (status !== 200) return undefined;
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

function named(repository: string, tagOrDigest: string): string {
  return `${repository}${tagOrDigest.includes(':') ? '@' : ':'}${tagOrDigest}`;
}
