import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Bytes, Run } from '@gapferry/core';

/** One request, with its path taken apart. */
export interface ServedRequest {
  readonly method: string;
  /** As it came, without query. */
  readonly path: string;
  /** Percent-decoded parts of the path; the last one is empty when the path ends with a slash. No part is `.`, `..` or holds a separator or a control character. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Bytes;
  /** Stops when the client goes away or the server does. */
  readonly run: Run;
}

/** Undefined for a request target that names nothing here: not a path, bad escapes, parts that try to leave. */
export function toServedRequest(raw: IncomingMessage, run: Run): ServedRequest | undefined {
  const [path = '', query = ''] = splitOnce(raw.url ?? '', '?');
  const parts = decodeParts(path);
  if (parts === undefined) return undefined;
  return {
    method: raw.method ?? '',
    path,
    parts,
    query: new URLSearchParams(query),
    headers: raw.headers,
    body: raw,
    run,
  };
}

function splitOnce(text: string, mark: string): [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function decodeParts(path: string): string[] | undefined {
  if (!path.startsWith('/')) return undefined;
  try {
    const parts = path.slice(1).split('/').map(decodeURIComponent);
    return parts.every(isPlain) && !parts.slice(0, -1).includes('') ? parts : undefined;
  } catch {
    return undefined;
  }
}

function isPlain(part: string): boolean {
  return part !== '.' && part !== '..' && !/[/\\\p{Cc}]/u.test(part);
}
