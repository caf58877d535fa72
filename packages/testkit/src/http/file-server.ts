import { digestOf } from '@gapferry/core';
import { type Content, memoryContent, seededContent, sizedDigestOf } from '../content/content.ts';
import { type Credentials, hasBasic } from './credentials.ts';
import { type HttpServerOptions, startHttpServer, type TestServer } from './http-server.ts';
import { rangeReply } from './range.ts';
import { type Reply, textReply } from './reply.ts';
import type { TestRequest } from './test-request.ts';

/** A file's bytes, or bytes generated while they are sent. */
export type ServedFile =
  | Uint8Array
  | string
  | Content
  | { readonly size: number; readonly seed: string | number };

export interface FileServerOptions extends HttpServerOptions {
  /** Asks for Basic credentials. */
  readonly auth?: Credentials;
}

/** `files` is live: what is set, replaced or deleted there is served so at the next request. */
export interface TestFileServer extends TestServer {
  readonly files: Map<string, ServedFile>;
}

/** Serves files by path (`/dir/tool.bin`): GET and HEAD, a strong ETag made from the content, single ranges, If-Range. */
export async function startFileServer(
  files: ReadonlyMap<string, ServedFile>,
  options: FileServerOptions = {},
): Promise<TestFileServer> {
  const live = new Map(files);
  const server = await startHttpServer((request) => serveFile(request, live, options.auth), options);
  return { ...server, files: live };
}

async function serveFile(
  request: TestRequest,
  files: ReadonlyMap<string, ServedFile>,
  auth: Credentials | undefined,
): Promise<Reply> {
  if (auth !== undefined && !hasBasic(request, auth))
    return textReply(401, 'unauthorized\n', { 'www-authenticate': 'Basic realm="testkit files"' });
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return textReply(405, 'method not allowed\n', { allow: 'GET, HEAD' });
  const file = files.get(request.path);
  if (file === undefined) return textReply(404, 'not found\n');
  const content = servedContent(file);
  return rangeReply(request, content, {
    'content-type': 'application/octet-stream',
    etag: `"${await identityOf(file, content)}"`,
  });
}

function servedContent(file: ServedFile): Content {
  if (typeof file === 'string' || file instanceof Uint8Array) return memoryContent(file);
  return 'open' in file ? file : seededContent(file.size, file.seed);
}

const digests = new WeakMap<Content, Promise<string>>();

/** Changes exactly when the content does; large content is hashed once. */
async function identityOf(file: ServedFile, content: Content): Promise<string> {
  if (typeof file === 'string' || file instanceof Uint8Array) return digestOf(file);
  if ('seed' in file) return digestOf(`${file.size} ${file.seed}`);
  const known = digests.get(content) ?? sizedDigestOf(content).then(({ digest }) => digest);
  digests.set(content, known);
  return known;
}
