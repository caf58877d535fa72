import { type ByteSource, type Bytes, type Digest, GapferryError, printable, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import type { FileReading } from './file-reading.ts';
import { isRefusal, learnFileSize } from './file-size.ts';
import type { AskedAddress } from './places/file-places.ts';
import type { S3Bucket } from './s3/s3-bucket.ts';
import { wideReading } from './wide-reading.ts';
import { wideSource } from './wide-source.ts';

/** Where the bytes of one file come from. */
export interface FileOrigin {
  /** Under which what is learnt of it is remembered. */
  readonly name: string;
  /** The mirror that it is, as bundle.yaml writes it. */
  readonly mirror?: string;
  /** Bytes. Where nobody announces them the file is read once, at most `limit` bytes, and held against the digest on the way. */
  size(sha256: Digest, limit: number, run: Run): Promise<number>;
  /** What names its state now, or that it is still the one before. */
  state(before: FileState | undefined, run: Run): Promise<'unchanged' | FileState>;
  /** All of it from an offset, at most `limit` bytes in all (`LIMIT_EXCEEDED`), held together by its validator. */
  read(reading: FileReading, run: Run): Bytes;
  /** `told`: of bytes that were there already. */
  source(size: number, told: (bytes: number) => void, run: Run): ByteSource;
}

export interface FileState {
  readonly etag?: string;
  readonly lastModified?: string;
}

/** A file by its URL. */
export function httpOrigin(http: HttpClient, at: AskedAddress, item: string): FileOrigin {
  const { url, name, mirror, headers: sent = {} } = at;
  const file = { url, headers: sent, item };
  return {
    name: `file ${name}`,
    ...(mirror !== undefined && { mirror }),
    size: (sha256, limit, run) => learnFileSize(http, { ...file, sha256 }, limit, run),
    async state(before, run) {
      const request = {
        ...file,
        method: 'HEAD',
        headers: { ...sent, ...conditions(before) },
        accept: [200, 304],
      } as const;
      // A server that refuses HEAD may still give the file: then nothing is remembered.
      const answer = await http.request(request, run).catch((error: unknown) => {
        if (!isRefusal(error)) throw error;
      });
      if (answer === undefined) return {};
      requireNoSignIn(answer.url, url, item);
      const { status, headers } = answer;
      if (status === 304) return before === undefined ? {} : 'unchanged';
      tellPacked(headers.get('content-encoding'), url, item, run);
      const [etag, lastModified] = [headers.get('etag'), headers.get('last-modified')];
      if (before?.etag !== undefined && etag === before.etag && etag.startsWith('"')) return 'unchanged';
      return { ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
    },
    read: (reading, run) => wideReading(http, file, reading, run),
    source: (size, told, run) => wideSource(http, { ...file, size }, told, run),
  };
}

/** GitLab and Gitea lead from the pages of private repositories to one where people sign in: it would be taken for the file. */
function requireNoSignIn(answered: string, asked: string, item: string): void {
  if (answered === asked || !/\/(?:users\/sign_in|user\/login)$/.test(new URL(answered).pathname)) return;
  const { host } = new URL(asked);
  throw new GapferryError({
    code: 'UNAUTHORIZED',
    message: printable(`${host} leads to where people sign in when asked for ${item}`),
    hint: `give credentials for ${host}: of GitLab a token that may read the API, as the password`,
    origin: 'source',
    data: { host, item },
  });
}

/** What is sent counts, as for everybody who stores it: many servers name archives so that are packed themselves. */
function tellPacked(coding: string | undefined, url: string, item: string, run: Run): void {
  if (coding === undefined || coding === 'identity') return;
  run.emit({
    kind: 'warning',
    item,
    message: printable(
      `${new URL(url).host} says that it sends ${item} packed (Content-Encoding: ${coding}), although it was asked for as it is; it is taken as it comes`,
    ),
  });
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
  return {
    name: `object ${bucket.place}/${at.key} ${at.version ?? ''}`,
    size: async (_sha256, _limit, run) => (await facts(run)).size,
    async state(before, run) {
      const { etag } = await facts(run);
      return before?.etag === etag ? 'unchanged' : { etag };
    },
    async *read(reading, run) {
      yield* readObject(bucket, { ...at, item, ...(await facts(run)) }, reading, run);
    },
    source: (size, told, run) => (from) => {
      if (from > 0) told(from);
      return bucket.open({ ...at, item, size }, from, run);
    },
  };
}

/** An object as the store tells of it. */
export interface FoundObject {
  readonly key: string;
  readonly version?: string;
  readonly item: string;
  readonly size: number;
  readonly etag: string;
}

/** All of an object, from an offset where it is still the one that its first bytes are of. */
export function readObject(
  bucket: S3Bucket,
  { etag, ...object }: FoundObject,
  { limit, from, held }: FileReading,
  run: Run,
): Bytes {
  if (object.size > limit)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: printable(`${object.item} at ${bucket.place} has ${object.size} bytes; the limit is ${limit}`),
      origin: 'source',
    });
  const isSame = held.by !== undefined && 'etag' in held.by && held.by.etag === etag;
  if (from > 0 && !isSame) {
    held.anew();
    return bucket.open({ ...object, held: { learnt: held.learnt, anew: held.anew } }, 0, run);
  }
  return bucket.open({ ...object, held }, from, run);
}
