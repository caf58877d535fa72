import { type ByteSource, type Bytes, type Digest, GapferryError, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { isRefusal, learnFileSize } from './file-size.ts';
import type { S3Bucket } from './s3/s3-bucket.ts';
import { wideSource } from './wide-source.ts';

/** Where the bytes of one file come from. */
export interface FileOrigin {
  /** Under which what is learnt of it is remembered. */
  readonly name: string;
  /** Bytes. Where nobody announces them the file is read once, at most `limit` bytes, and held against the digest on the way. */
  size(sha256: Digest, limit: number, run: Run): Promise<number>;
  /** What names its state now, or that it is still the one before. */
  state(before: FileState | undefined, run: Run): Promise<'unchanged' | FileState>;
  /** All of it, at most `limit` bytes (`LIMIT_EXCEEDED`). */
  read(limit: number, run: Run): Bytes;
  /** `told`: of bytes that were there already. */
  source(size: number, told: (bytes: number) => void, run: Run): ByteSource;
}

export interface FileState {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** A file by its URL. */
export function httpOrigin(http: HttpClient, url: string, item: string): FileOrigin {
  return {
    name: `file ${url}`,
    size: (sha256, limit, run) => learnFileSize(http, { url, sha256, item }, limit, run),
    async state(before, run) {
      try {
        const { status, headers } = await http.request(
          { url, item, method: 'HEAD', headers: conditions(before), accept: [200, 304] },
          run,
        );
        if (status === 304) return before === undefined ? {} : 'unchanged';
        const [etag, lastModified] = [headers.get('etag'), headers.get('last-modified')];
        if (before?.etag !== undefined && etag === before.etag && etag.startsWith('"')) return 'unchanged';
        return { ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
      } catch (error) {
        // A server that refuses HEAD may still give the file: then nothing is remembered.
        if (isRefusal(error)) return {};
        throw error;
      }
    },
    read: (maxBytes, run) => http.body({ url, item, maxBytes }, 0, run),
    source: (size, told, run) => wideSource(http, { url, item, size }, told, run),
  };
}

function conditions(before: FileState | undefined): Record<string, string> {
  return {
    ...(before?.etag !== undefined && { 'If-None-Match': before.etag }),
    ...(before?.lastModified !== undefined && { 'If-Modified-Since': before.lastModified }),
  };
}

/** An object of a bucket, in one of its versions or the latest. */
export function objectOrigin(
  bucket: S3Bucket,
  at: { readonly key: string; readonly version?: string },
  item: string,
): FileOrigin {
  const facts = async (run: Run): Promise<{ readonly size: number; readonly etag: string }> => {
    const found = await bucket.head({ ...at, item }, run);
    if (found !== undefined) return found;
    throw new GapferryError({
      code: 'SOURCE_NOT_FOUND',
      message: `${bucket.place} has no object ${at.key}${at.version === undefined ? '' : ` in version ${at.version}`} for ${item}`,
      hint: 'check bucket, key and version',
      origin: 'source',
      data: { item, place: bucket.place },
    });
  };
  const open = (size: number, from: number, run: Run): Bytes => bucket.open({ ...at, item, size }, from, run);
  return {
    name: `object ${bucket.place}/${at.key} ${at.version ?? ''}`,
    size: async (_sha256, _limit, run) => (await facts(run)).size,
    async state(before, run) {
      const { etag } = await facts(run);
      return before?.etag === etag ? 'unchanged' : { etag };
    },
    async *read(limit, run) {
      const { size } = await facts(run);
      if (size <= limit) yield* open(size, 0, run);
      else
        throw new GapferryError({
          code: 'LIMIT_EXCEEDED',
          message: `${item} at ${bucket.place} has ${size} bytes; the limit is ${limit}`,
          origin: 'source',
        });
    },
    source: (size, told, run) => (from) => {
      if (from > 0) told(from);
      return open(size, from, run);
    },
  };
}
