import { isDigest, MEDIA_TYPES } from '@gapferry/core';
import type { HttpHandler } from '../http/http-server.ts';
import { rangeReply } from '../http/range.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import type { BlobUploads } from './blob-uploads.ts';
import { deleteManifest, listReferrers, pullManifest, pushManifest } from './manifests.ts';
import type { Gate } from './registry-auth.ts';
import { RegistryError } from './registry-error.ts';
import { parseRegistryPath, type RegistryPath } from './registry-path.ts';
import type { RegistryQuirks } from './registry-quirks.ts';
import type { RegistryStore } from './registry-store.ts';
import type { Repository } from './repository.ts';
import { listTags } from './tag-list.ts';
import type { Action } from './token-issuer.ts';

export interface HandlerOptions {
  readonly referrers?: boolean;
  readonly tagsPerPage?: number;
  readonly referrersPerPage?: number;
  readonly quirks?: RegistryQuirks;
}

/** Every endpoint of the distribution-spec, behind the gate. */
export function registryHandler(
  store: RegistryStore,
  uploads: BlobUploads,
  gate: Gate,
  options: HandlerOptions,
): HttpHandler {
  const api = 'docker-distribution-api-version';
  return async (request) => {
    const reply = await route({ request, store, uploads, gate, options }).catch(toReply);
    return { ...reply, headers: { [api]: 'registry/2.0', ...reply.headers } };
  };
}

interface Call {
  readonly request: TestRequest;
  readonly store: RegistryStore;
  readonly uploads: BlobUploads;
  readonly gate: Gate;
  readonly options: HandlerOptions;
}

async function route(call: Call): Promise<Reply> {
  const { request, gate, store } = call;
  const path = parseRegistryPath(request.path);
  if (path === undefined) return { status: 404 };
  if (path.kind === 'base' || path.kind === 'catalog') {
    gate.enter(request);
    return jsonReply(200, path.kind === 'base' ? {} : { repositories: store.names() });
  }
  gate.require(request, path.name, actionOf(request.method));
  requireProject(path.name, call.options.quirks);
  switch (path.kind) {
    case 'manifest':
      return manifest(call, path);
    case 'blob':
      return blob(request, store.get(path.name), path.digest);
    case 'uploads':
      requireMethod(request, 'POST');
      return call.uploads.begin(request, path.name, (from) => gate.allows(request, from, 'pull'));
    case 'upload':
      return call.uploads.continue(request, path.name, path.id);
    case 'tags':
      requireMethod(request, 'GET');
      return listTags(request, path.name, store.get(path.name), call.options.tagsPerPage);
    case 'referrers':
      requireMethod(request, 'GET');
      return referrers(call, path);
  }
}

function referrers(
  { request, store, options }: Call,
  { name, digest }: RegistryPath & { kind: 'referrers' },
): Reply {
  if (options.referrers === false) return { status: 404 };
  const { bareReferrers, wholeSizes } = options.quirks ?? {};
  const isThere = [...(store.find(name)?.manifests.keys() ?? [])].some((each) => each === digest);
  if (bareReferrers === true && !isThere) return jsonReply(200, {}, { 'content-type': MEDIA_TYPES.ociIndex });
  return listReferrers(request, store.get(name), digest, {
    ...(options.referrersPerPage !== undefined && { perPage: options.referrersPerPage }),
    ...(wholeSizes !== undefined && { wholeSizes }),
  });
}

function manifest(
  call: Call,
  { name, reference }: RegistryPath & { kind: 'manifest' },
): Reply | Promise<Reply> {
  const { request, store } = call;
  if (request.method === 'PUT') return pushManifest(request, store, name, reference, call.options);
  if (request.method === 'DELETE')
    return deleteManifest(store.get(name), reference, { name, quirks: call.options.quirks });
  requireMethod(request, 'GET', 'HEAD');
  return pullManifest(request, store.get(name), reference);
}

function blob(request: TestRequest, repository: Repository, digest: string): Reply {
  if (!isDigest(digest)) throw new RegistryError('DIGEST_INVALID', 'invalid digest', { digest });
  const content = repository.blobs.get(digest);
  if (content === undefined) throw new RegistryError('BLOB_UNKNOWN', 'blob unknown to registry', { digest });
  if (request.method === 'DELETE') {
    repository.blobs.delete(digest);
    return { status: 202 };
  }
  requireMethod(request, 'GET', 'HEAD');
  const headers = {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  };
  return rangeReply(request, content, headers);
}

/** Harbor's answer, which looks like a refused login and is none. */
function requireProject(name: string, quirks: RegistryQuirks = {}): void {
  const project = name.split('/', 1)[0] ?? '';
  if (quirks.projects === undefined || quirks.projects.includes(project)) return;
  throw new RegistryError('UNAUTHORIZED', `project ${project} not found`, null, { 'www-authenticate': '' });
}

function actionOf(method: string): Action {
  if (method === 'GET' || method === 'HEAD') return 'pull';
  return method === 'DELETE' ? 'delete' : 'push';
}

function requireMethod(request: TestRequest, ...methods: readonly string[]): void {
  if (!methods.includes(request.method))
    throw new RegistryError('UNSUPPORTED', 'the operation is unsupported', null, {
      allow: methods.join(', '),
    });
}

function toReply(error: unknown): Reply {
  if (error instanceof RegistryError) return error.toReply();
  throw error;
}
