import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { redact } from '@gapferry/core';
import type { TestRequest } from './test-request.ts';

/** One line of a fake's access log. */
export interface AccessLogEntry {
  readonly method: string;
  /** Path and query; secrets in the query are masked. */
  readonly url: string;
  /** Credentials are masked: `authorization: Basic ***`. */
  readonly headers: Readonly<Record<string, string>>;
  /** 0 while there is no answer. */
  readonly status: number;
  /** Bytes of the answer's body handed to the socket. */
  bytesSent: number;
}

const SECRET = new Set(['authorization', 'proxy-authorization', 'cookie']);

/** The entry of a request; its status follows the response. */
export function logged(request: TestRequest, response: ServerResponse): AccessLogEntry {
  return {
    method: request.method,
    url: redact(request.url),
    headers: maskHeaders(request.headers),
    get status(): number {
      return response.headersSent ? response.statusCode : 0;
    },
    bytesSent: 0,
  };
}

function maskHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, maskValue(name, String(value))]),
  );
}

function maskValue(name: string, value: string): string {
  if (!SECRET.has(name)) return redact(value);
  const scheme = /^(?:basic|bearer|digest|negotiate)(?= )/i.exec(value)?.[0];
  return scheme === undefined ? '***' : `${scheme} ***`;
}
