import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { Bytes } from '@gapferry/core';

/** One request as a fake sees it. */
export interface TestRequest {
  readonly method: string;
  /** Path and query as they came: `/v2/app/tags/list?n=2`. */
  readonly url: string;
  /** Percent-decoded path without the query. Undecodable escapes are left as they are. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The request's body; ends with an error when the client goes away in the middle of it. */
  readonly body: Bytes;
  /** Aborted when the answer is complete or the connection is gone. */
  readonly signal: AbortSignal;
}

export function toTestRequest(raw: IncomingMessage, signal: AbortSignal): TestRequest {
  const url = raw.url ?? '/';
  const mark = url.indexOf('?');
  return {
    method: raw.method ?? 'GET',
    url,
    path: decodePath(mark < 0 ? url : url.slice(0, mark)),
    query: new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1)),
    headers: raw.headers,
    body: raw,
    signal,
  };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The whole body in memory. For small bodies. */
export async function readBody(request: TestRequest): Promise<Buffer> {
  return buffer(request.body);
}
