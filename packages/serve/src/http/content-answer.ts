import type { IncomingHttpHeaders } from 'node:http';
import type { Bytes, Digest } from '@gapferry/core';
import type { Answer } from './answer.ts';
import { type ByteRange, parseRange } from './byte-range.ts';

/** Immutable bytes that can be served as a whole or in part. */
export interface ServedContent {
  readonly digest: Digest;
  readonly size: number;
  readonly headers: Readonly<Record<string, string>>;
  whole(): Bytes;
  range(range: ByteRange): Bytes;
}

/** Answers GET and HEAD with validators and ranges (RFC 9110 sections 13 and 14): 200, 206, 304 or 416. The ETag is the digest. */
export function contentAnswer(content: ServedContent, request: IncomingHttpHeaders): Answer {
  const etag = `"${content.digest}"`;
  const headers = { ...content.headers, ETag: etag, 'Accept-Ranges': 'bytes' };
  if (names(request['if-none-match'], etag)) return { status: 304, headers };
  const range = isCurrent(request['if-range'], etag) ? parseRange(request.range, content.size) : 'whole';
  if (range === 'whole') return { status: 200, headers, body: content.whole(), length: content.size };
  if (range === 'unsatisfiable')
    return {
      status: 416,
      headers: { ...headers, 'Content-Range': `bytes */${content.size}` },
      body: new Uint8Array(),
    };
  const { first, last } = range;
  const part = { ...headers, 'Content-Range': `bytes ${first}-${last}/${content.size}` };
  return { status: 206, headers: part, body: content.range(range), length: last - first + 1 };
}

/** A list of entity tags; the weak comparison (RFC 9110 section 13.1.2). */
function names(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((entry) => ['*', etag].includes(entry.trim().replace(/^W\//, '')));
}

function isCurrent(ifRange: string | string[] | undefined, etag: string): boolean {
  return ifRange === undefined || ifRange === etag;
}
