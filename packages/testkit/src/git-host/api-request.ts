import { jsonReply, type Reply } from '../http/reply.ts';
import { readBody, type TestRequest } from '../http/test-request.ts';

/** One question to a fake API. */
export interface ApiRequest {
  readonly method: string;
  /** Parts of the path below the API's root, each decoded by itself: `%2F` stays within a part. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: TestRequest['headers'];
  readonly body: Record<string, unknown>;
}

export type ApiHandler = (request: ApiRequest) => Promise<Reply> | Reply;

/** A route: its parts, where `:x` takes anything, and what answers it. */
export type Route = readonly [
  method: string,
  path: string,
  handle: (request: ApiRequest, args: string[]) => Promise<Reply> | Reply,
];

export async function toApiRequest(request: TestRequest, root: string): Promise<ApiRequest> {
  const path = request.url.slice(root.length).split('?')[0] ?? '';
  const text = (await readBody(request)).toString('utf8');
  return {
    method: request.method,
    parts: path
      .split('/')
      .filter((part) => part !== '')
      .map(decodeURIComponent),
    query: request.query,
    headers: request.headers,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
  };
}

/** The first route that fits; 404 for none, 405 where only the method is wrong. */
export async function route(routes: readonly Route[], request: ApiRequest): Promise<Reply> {
  const fitting = routes.flatMap(([method, path, handle]) => {
    const args = argsOf(path, request.parts);
    return args === undefined ? [] : [{ method, handle, args }];
  });
  const found = fitting.find(({ method }) => method === request.method);
  if (found !== undefined) return await found.handle(request, found.args);
  return jsonReply(fitting.length > 0 ? 405 : 404, { message: '404 Not Found' });
}

function argsOf(path: string, parts: readonly string[]): string[] | undefined {
  const wanted = path.split('/').filter((part) => part !== '');
  if (wanted.length !== parts.length) return undefined;
  const fits = wanted.every((part, i) => part.startsWith(':') || part === parts[i]);
  return fits ? parts.filter((_, i) => wanted[i]?.startsWith(':')) : undefined;
}

export function textOf(body: Record<string, unknown>, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' ? value : undefined;
}
