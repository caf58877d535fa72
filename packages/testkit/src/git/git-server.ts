import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type Credentials, hasBasic } from '../http/credentials.ts';
import type { Fault } from '../http/fault.ts';
import { type HttpServerOptions, startHttpServer, type TestServer } from '../http/http-server.ts';
import { type Reply, textReply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import { which } from '../process/which.ts';
import { runCgi } from './cgi.ts';
import { gitEnvironment } from './git-repository.ts';
import { gitSettings } from './git-settings.ts';

export interface GitServerOptions extends HttpServerOptions {
  readonly auth?: Credentials;
  /** Lets clients push; default false. */
  readonly push?: boolean;
  readonly faults?: readonly Fault[];
  /** Bytes of a request's body at most; more is answered with 413, as a proxy does. */
  readonly bodyLimit?: number;
}

/** Why there can be no Git server on this machine, or undefined when there can. Tests skip with this reason. */
export function gitServerMissing(): string | undefined {
  if (which('git') === undefined) return 'git is not on this machine';
  return existsSync(backendPath()) ? undefined : 'git http-backend is not on this machine';
}

/** Serves the repositories below `rootDir` over smart HTTP (gitprotocol-http) by git's own `http-backend`: `<url>/<path below rootDir>`. */
export async function startGitServer(rootDir: string, options: GitServerOptions = {}): Promise<TestServer> {
  const missing = gitServerMissing();
  if (missing !== undefined) throw new Error(missing);
  return startHttpServer(gitHandler(rootDir, options), options);
}

/** What answers the requests of git, for servers that offer something else beside it. */
export function gitHandler(
  rootDir: string,
  options: GitServerOptions = {},
): (request: TestRequest) => Promise<Reply> {
  const backend = backendPath();
  return (request) => serve(request, rootDir, backend, options);
}

function backendPath(): string {
  return join(execFileSync('git', ['--exec-path'], { encoding: 'utf8' }).trim(), 'git-http-backend');
}

async function serve(
  request: TestRequest,
  rootDir: string,
  backend: string,
  options: GitServerOptions,
): Promise<Reply> {
  if (options.auth !== undefined && !hasBasic(request, options.auth))
    return textReply(401, 'unauthorized\n', { 'www-authenticate': 'Basic realm="testkit git"' });
  const fitting = options.bodyLimit === undefined ? request : await withinLimit(request, options.bodyLimit);
  if (fitting === undefined) return textReply(413, 'Request Entity Too Large\n');
  const env = {
    ...gitEnvironment(),
    GIT_PROJECT_ROOT: rootDir,
    GIT_HTTP_EXPORT_ALL: '1',
    ...gitSettings({ 'http.receivepack': String(options.push === true), 'safe.directory': '*' }),
    ...(options.auth !== undefined && { REMOTE_USER: options.auth.username }),
  };
  return runCgi(backend, fitting, env);
}

/** Reads to the end before it judges, so that no client has its answer overtaken by a closed connection. */
async function withinLimit(request: TestRequest, limit: number): Promise<TestRequest | undefined> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size <= limit) kept.push(chunk);
  }
  return size > limit ? undefined : { ...request, body: Readable.from(kept) };
}
