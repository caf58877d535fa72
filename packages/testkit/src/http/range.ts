import type { Content } from '../content/content.ts';
import type { Reply } from './reply.ts';
import type { TestRequest } from './test-request.ts';

/** Serves content with single byte ranges, If-Range and If-None-Match (RFC 9110 sections 13 and 14). Several ranges at once are answered with everything,
 *  which the RFC allows. `headers` must hold the `etag` where there is one. */
export function rangeReply(
  request: TestRequest,
  content: Content,
  headers: Readonly<Record<string, string>>,
): Reply {
  const etag = headers['etag'];
  const common = { 'accept-ranges': 'bytes', ...headers };
  if (etag !== undefined && request.headers['if-none-match'] === etag)
    return { status: 304, headers: common };
  const range = requestedRange(request, content.size, etag);
  if (range === 'unsatisfiable')
    return { status: 416, headers: { ...common, 'content-range': `bytes */${content.size}` } };
  if (range === undefined)
    return {
      status: 200,
      headers: { ...common, 'content-length': String(content.size) },
      body: content.open(0),
    };
  const [first, last] = range;
  return {
    status: 206,
    headers: {
      ...common,
      'content-range': `bytes ${first}-${last}/${content.size}`,
      'content-length': String(last - first + 1),
    },
    body: upTo(content.open(first), last - first + 1),
  };
}

function requestedRange(
  request: TestRequest,
  size: number,
  etag: string | undefined,
): readonly [number, number] | 'unsatisfiable' | undefined {
  const condition = request.headers['if-range'];
  if (condition !== undefined && condition !== etag) return undefined;
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers.range ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const [, from = '', to = ''] = match;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== '' && to !== '' && Number(to) < first) return undefined;
  return first >= size ? 'unsatisfiable' : [first, last];
}

async function* upTo(bytes: AsyncIterable<Uint8Array>, count: number): AsyncIterable<Uint8Array> {
  let left = count;
  for await (const chunk of bytes) {
    yield chunk.subarray(0, Math.min(left, chunk.byteLength));
    left -= chunk.byteLength;
    if (left <= 0) return;
  }
}
