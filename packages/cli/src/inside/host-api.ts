import { type JsonLimits, parseJson, type Run } from '@gapferry/core';
import type { HttpAnswer, HttpClient } from '@gapferry/http';
import type { HostApi, HostRequest } from '@gapferry/targets';

const LIMITS: JsonLimits = { maxBytes: 8 << 20, maxDepth: 64 };
/** The host says what it means by them: they come back as answers. */
const ANSWERS = [200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 410, 412, 422, 423, 451];

/** A host's API through the one HTTP client. `root`: without a slash at the end. `authorization`: of a header, sent to nobody but the host. */
export function hostApi(http: HttpClient, root: string, authorization: string): HostApi {
  return {
    async ask(request, run) {
      const answer = await send(http, `${root}${request.path}`, request, authorization, run);
      const isJson = /\bjson\b/i.test(answer.headers.get('content-type') ?? '');
      const value =
        isJson && answer.body.byteLength > 0
          ? parseJson(answer.body, `the answer of ${new URL(root).host} to ${request.path}`, LIMITS)
          : undefined;
      return { status: answer.status, value };
    },
  };
}

function send(
  http: HttpClient,
  url: string,
  { method, path, body }: HostRequest,
  authorization: string,
  run: Run,
): Promise<HttpAnswer> {
  const item = `${method} ${path}`;
  const headers = { accept: 'application/json', authorization };
  const rest = { url, item, accept: ANSWERS, maxBytes: LIMITS.maxBytes };
  if (method === 'GET') return http.request({ ...rest, headers }, run);
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  return http.send(
    {
      ...rest,
      method,
      headers: { ...headers, ...(bytes !== undefined && { 'content-type': 'application/json' }) },
      ...(bytes !== undefined && { body: bytes }),
    },
    run,
  );
}
