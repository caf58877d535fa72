import { GapferryError, isGapferryError, type Run } from '@gapferry/core';
import { createFileServer, type FileServer } from './files/file-server.ts';
import { frontPage } from './front-page.ts';
import { createGitServer, type GitServer } from './git/git-server.ts';
import type { GitProgram } from './git/upload-pack.ts';
import { type Answer, notFound, textAnswer } from './http/answer.ts';
import { type BasicAuth, CHALLENGE, isAuthorized } from './http/basic-auth.ts';
import type { ServedRequest } from './http/served-request.ts';
import { createLfsServer } from './lfs/lfs-server.ts';
import { createRegistry, type Registry } from './registry/registry.ts';
import { registryError } from './registry/registry-answers.ts';
import type { ServedContentRoots } from './served-store.ts';

/** Everything that answers requests, without the sockets. */
export interface Routes {
  /** `origin`: how the server is reached where the request does not say. */
  answer(request: ServedRequest, origin: string): Promise<Answer>;
  /** What a failed request is told: never a path, never what is in the error. */
  failure(request: ServedRequest, error: unknown): Answer;
}

interface Parts {
  readonly content: ServedContentRoots;
  readonly registry: Registry;
  readonly git: GitServer;
  readonly files: FileServer;
}

export function createRoutes(
  content: ServedContentRoots,
  git: GitProgram,
  auth: BasicAuth | undefined,
  run: Run,
): Routes {
  const parts: Parts = {
    content,
    registry: createRegistry(content.store),
    git: createGitServer(content.gitRoot, git, createLfsServer(content.store, content.lfsListing)),
    files: createFileServer(content.filesRoot, run),
  };
  return {
    async answer(request, origin) {
      if (auth !== undefined && !isAuthorized(request.headers.authorization, auth))
        return unauthorized(request);
      return await route(parts, request, origin);
    },
    failure,
  };
}

async function route(parts: Parts, request: ServedRequest, origin: string): Promise<Answer> {
  const [area, ...rest] = request.parts;
  if (area === 'git') return await parts.git.answer(rest, request, origin);
  if (request.method !== 'GET' && request.method !== 'HEAD') return notAllowed(request);
  if (area === 'v2') return await parts.registry.answer(rest, request);
  if (area === 'files') return rest.length === 0 ? toFiles() : await parts.files.answer(rest, request);
  if (area === '' && rest.length === 0) return await frontPage(parts.content, origin, request.run);
  return notFound('this page');
}

function toFiles(): Answer {
  return {
    ...textAnswer(301, './files/'),
    headers: { 'Content-Type': 'text/plain; charset=utf-8', Location: './files/' },
  };
}

function notAllowed(request: ServedRequest): Answer {
  const allow = { Allow: 'GET, HEAD' };
  if (isRegistry(request)) return registryError(405, 'UNSUPPORTED', 'this registry is read-only', allow);
  return textAnswer(405, 'this server is read-only', allow);
}

function unauthorized(request: ServedRequest): Answer {
  if (isRegistry(request)) return registryError(401, 'UNAUTHORIZED', 'authentication required', CHALLENGE);
  return textAnswer(401, 'authentication required', CHALLENGE);
}

function failure(request: ServedRequest, error: unknown): Answer {
  const { status, text } = judge(error);
  if (isRegistry(request)) return registryError(status, status === 404 ? 'BLOB_UNKNOWN' : 'UNKNOWN', text);
  return textAnswer(status, text);
}

function judge(error: unknown): { status: number; text: string } {
  if (isGapferryError(error, 'BLOB_MISSING')) return { status: 404, text: 'this is not here' };
  if (isGapferryError(error, 'LIMIT_EXCEEDED')) return { status: 413, text: 'this is too large' };
  if (isGapferryError(error, 'CONTENT_INVALID')) return { status: 400, text: 'this cannot be read' };
  const damaged = error instanceof GapferryError && error.category === 'integrity';
  return { status: 500, text: damaged ? 'this is damaged here and is not served' : 'this could not be read' };
}

function isRegistry(request: ServedRequest): boolean {
  return request.parts[0] === 'v2';
}
