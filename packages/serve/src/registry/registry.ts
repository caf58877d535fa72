import {
  type Descriptor,
  type Digest,
  GapferryError,
  hasLinks,
  isDigest,
  MANIFEST_LIMITS,
  printable,
  readVerified,
} from '@gapferry/core';
import { type Answer, jsonAnswer } from '../http/answer.ts';
import { contentAnswer } from '../http/content-answer.ts';
import type { ServedRequest } from '../http/served-request.ts';
import type { ServedStore } from '../served-store.ts';
import { pageAnswer } from './page-of.ts';
import { createReachReader, type Reach, type ReachReader } from './reach.ts';
import { referrersAnswer } from './referrers.ts';
import { API_VERSION, registryError } from './registry-answers.ts';
import { isRepositoryName, type Repository, readRepositories } from './repositories.ts';
import { createRangeReader, type RangeReader } from './verified-range.ts';

/** The pull side of the OCI distribution-spec over the names of a depot. A repository serves what can be reached from its own names, and nothing else that happens to be in the depot. */
export interface Registry {
  /** `parts`: what follows `/v2/`. GET and HEAD only. */
  answer(parts: readonly string[], request: ServedRequest): Promise<Answer>;
}

interface Parts {
  readonly store: ServedStore;
  readonly reach: ReachReader;
  readonly ranges: RangeReader;
}

export function createRegistry(store: ServedStore): Registry {
  const registry: Parts = { store, reach: createReachReader(store), ranges: createRangeReader(store) };
  return {
    async answer(parts, request) {
      if (parts.length <= 1 && (parts[0] ?? '') === '') return jsonAnswer(200, {}, API_VERSION);
      const repositories = await readRepositories(store);
      if (parts.length === 1 && parts[0] === '_catalog')
        return pageAnswer(repositories.keys(), '/v2/_catalog', request.query, (page) => ({
          repositories: page,
        }));
      return await answerInRepository(registry, repositories, parts, request);
    },
  };
}

async function answerInRepository(
  registry: Parts,
  repositories: ReadonlyMap<string, Repository>,
  parts: readonly string[],
  request: ServedRequest,
): Promise<Answer> {
  const [verb = '', reference = ''] = parts.slice(-2);
  const name = parts.slice(0, -2).join('/');
  if (!['manifests', 'blobs', 'referrers', 'tags'].includes(verb) || reference === '')
    return registryError(404, 'UNSUPPORTED', 'there is nothing at this path');
  if (!isRepositoryName(name))
    return registryError(404, 'NAME_INVALID', 'this cannot be the name of a repository');
  const repository = repositories.get(name);
  if (repository === undefined) return registryError(404, 'NAME_UNKNOWN', `${name} is not here`);
  const asked: Asked = { ...registry, name, repository, reference, request };
  if (verb === 'tags') return tagsAnswer(asked);
  if (verb === 'manifests') return await manifestAnswer(asked);
  if (!isDigest(reference)) return registryError(400, 'DIGEST_INVALID', 'this is not a sha256 digest');
  return verb === 'blobs' ? await blobAnswer(asked, reference) : await referrersOf(asked, reference);
}

interface Asked extends Parts {
  readonly name: string;
  readonly repository: Repository;
  /** Tag, digest, or `list`. */
  readonly reference: string;
  readonly request: ServedRequest;
}

function tagsAnswer({ name, repository, reference, request }: Asked): Answer {
  if (reference !== 'list') return registryError(404, 'UNSUPPORTED', 'there is nothing at this path');
  return pageAnswer(repository.tags.keys(), `/v2/${name}/tags/list`, request.query, (tags) => ({
    name,
    tags,
  }));
}

/** Manifests are small: verified in memory, so that a damaged one is an error and not a cut connection. */
async function manifestAnswer(asked: Asked): Promise<Answer> {
  const { repository, reference, request, store } = asked;
  const found = isDigest(reference) ? await find(asked, reference) : repository.tags.get(reference);
  const isManifest =
    found !== undefined &&
    (hasLinks(found.mediaType) || repository.roots.some(({ digest }) => digest === found.digest));
  if (!isManifest || !(await store.has(found, request.run)))
    return registryError(404, 'MANIFEST_UNKNOWN', `${reference.slice(0, 200)} is not in ${asked.name}`);
  if (found.size > MANIFEST_LIMITS.maxBytes)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `manifest ${found.digest} has ${found.size} bytes`,
    });
  const headers = {
    ...headersOf(found),
    'Content-Type': safeMediaType(found.mediaType),
    ETag: `"${found.digest}"`,
  };
  if (request.headers['if-none-match'] === headers.ETag) return { status: 304, headers };
  const answer: Answer = { status: 200, headers, length: found.size };
  if (request.method === 'HEAD') return answer;
  return { ...answer, body: await readVerified(found, store.open(found, request.run), { origin: 'depot' }) };
}

async function blobAnswer(asked: Asked, digest: Digest): Promise<Answer> {
  const { store, ranges, request } = asked;
  const found = await find(asked, digest);
  if (found === undefined || !(await store.has(found, request.run)))
    return registryError(404, 'BLOB_UNKNOWN', `${digest} is not in ${asked.name}`);
  return contentAnswer(
    {
      digest,
      size: found.size,
      headers: {
        ...headersOf(found),
        'Content-Type': 'application/octet-stream',
        'Cache-Control': 'max-age=31536000, immutable',
      },
      whole: () => store.open(found, request.run),
      range: (range) => ranges.range(found, range, request.run),
    },
    request.headers,
  );
}

async function referrersOf(asked: Asked, digest: Digest): Promise<Answer> {
  const manifests = (await reaches(asked)).flatMap((reach) => reach.manifests);
  return referrersAnswer(manifests, digest, asked.request.query.get('artifactType') ?? undefined);
}

/** What a repository knows under a digest: a root, or something below one. */
async function find(asked: Asked, digest: Digest): Promise<Descriptor | undefined> {
  const root = asked.repository.roots.find((candidate) => candidate.digest === digest);
  if (root !== undefined) return root;
  for (const reach of await reaches(asked)) {
    const found = reach.descriptors.get(digest);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** One damaged image must not hide the others of its repository. */
async function reaches({ repository, reach, name, request }: Asked): Promise<Reach[]> {
  const all = await Promise.allSettled(repository.roots.map((root) => reach.of(root)));
  return all.flatMap((result) => {
    if (result.status === 'fulfilled') return [result.value];
    request.run.emit({
      kind: 'warning',
      message: printable(`${name}: ${String(result.reason)}`),
      item: name,
    });
    return [];
  });
}

function headersOf({ digest }: Descriptor): Record<string, string> {
  return { ...API_VERSION, 'Docker-Content-Digest': digest };
}

/** It comes from a manifest that somebody wrote and goes into a header. */
function safeMediaType(mediaType: string): string {
  return /^[\w.+-]+\/[\w.+-]+$/.test(mediaType) ? mediaType : 'application/octet-stream';
}
