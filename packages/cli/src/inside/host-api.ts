import { type JsonLimits, parseJson, type Run } from '@gapferry/core';
import type { HttpAnswer, HttpClient, SendRequest } from '@gapferry/http';
import type { HostApi, HostRequest } from '@gapferry/targets';

const LIMITS: JsonLimits = { maxBytes: 8 << 20, maxDepth: 64 };
/** The host says what it means by them: they come back as answers. */
const ANSWERS = [200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 410, 412, 422, 423, 451];

/** How to wait between tries; for tests. */
type Wait = (ms: number, signal: AbortSignal) => Promise<void>;

/** A host's API through the one HTTP client. `root`: without a slash at the end. `authorization`: of a header, sent to nobody but the host; absent: what the client says by itself. */
export function hostApi(http: HttpClient, root: string, authorization?: string, wait?: Wait): HostApi {
  return {
    async ask(request, run) {
      const answer = await send({ http, authorization, wait }, `${root}${request.path}`, request, run);
      const isJson = /\bjson\b/i.test(answer.headers.get('content-type') ?? '');
      const value =
        isJson && answer.body.byteLength > 0
          ? parseJson(answer.body, `the answer of ${new URL(root).host} to ${request.path}`, LIMITS)
          : undefined;
      return { status: answer.status, value };
    },
  };
}

interface Way {
  readonly http: HttpClient;
  readonly authorization: string | undefined;
  readonly wait: Wait | undefined;
}

function send(
  { http, authorization, wait }: Way,
  url: string,
  { method, path, body, headers: own, again }: HostRequest,
  run: Run,
): Promise<HttpAnswer> {
  const item = `${method} ${path}`;
  const headers = {
    accept: 'application/json',
    ...own,
    ...(authorization !== undefined && { authorization }),
  };
  const rest = { url, item, accept: ANSWERS, maxBytes: LIMITS.maxBytes };
  if (method === 'GET' || method === 'HEAD') return http.request({ ...rest, method, headers }, run);
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  const request: SendRequest = {
    ...rest,
    method,
    headers: { ...headers, ...(bytes !== undefined && { 'content-type': 'application/json' }) },
    ...(bytes !== undefined && { body: bytes }),
  };
  return again === true ? sendAgain(http, request, wait, run) : http.send(request, run);
}

/** Until it is answered: at most as often as a question that only reads. */
async function sendAgain(
  http: HttpClient,
  request: SendRequest,
  wait: Wait | undefined,
  run: Run,
): Promise<HttpAnswer> {
  const { createTries, createWaiting } = await import('@gapferry/http');
  const { host } = new URL(request.url);
  const tries = createTries(request.item, host, { waiting: createWaiting(wait), random: Math.random });
  for (;;) {
    try {
      return await http.send(request, run);
    } catch (error) {
      await tries.failed(error, run);
    }
  }
}
