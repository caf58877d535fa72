import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { type Bytes, GapferryError } from '@gapferry/core';

/** What a client may tell about the commits it has; a fetch with 100,000 of them takes 5 MB. */
export const MAX_BODY: number = 64 << 20;

/** The body of an upload-pack request, unzipped and bounded. Throws `LIMIT_EXCEEDED` for what unpacks to more than `limit` bytes, `CONTENT_INVALID` for another
 *  coding than gzip or bad gzip. */
export function requestBody(body: Bytes, headers: IncomingHttpHeaders, limit: number = MAX_BODY): Bytes {
  const coding = headers['content-encoding'] ?? 'identity';
  if (coding === 'identity') return bounded(body, limit);
  if (coding !== 'gzip' && coding !== 'x-gzip')
    throw unreadable(`the content coding ${coding.slice(0, 40)} is not known`);
  return bounded(unzipped(body, limit), limit);
}

async function* unzipped(body: Bytes, limit: number): Bytes {
  const source = Readable.from(bounded(body, limit));
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  try {
    yield* source.pipe(gunzip) as AsyncIterable<Buffer>;
  } catch (error) {
    if (error instanceof GapferryError) throw error;
    throw unreadable('it is not valid gzip');
  } finally {
    source.destroy();
  }
}

async function* bounded(bytes: Bytes, limit: number): Bytes {
  let seen = 0;
  for await (const chunk of bytes) {
    seen += chunk.byteLength;
    if (seen > limit)
      throw new GapferryError({
        code: 'LIMIT_EXCEEDED',
        message: `the request has more than ${limit} bytes`,
      });
    yield chunk;
  }
}

function unreadable(why: string): GapferryError {
  return new GapferryError({ code: 'CONTENT_INVALID', message: `the request cannot be read: ${why}` });
}
