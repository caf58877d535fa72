import {
  type Digest,
  digestOf,
  GapferryError,
  isGapferryError,
  type Run,
  requireDigest,
  sha256,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import type { FileAddress } from './places/file-places.ts';

export interface MeasuredFile extends FileAddress {
  readonly sha256: Digest;
  /** Identity of the item, for errors and progress. */
  readonly item: string;
}

const EMPTY = digestOf('');

/** Learns how many bytes a file has, which a store must know before it takes them: by HEAD; where HEAD is not answered or names no length, by reading the file
 *  once without keeping it, at most `limit` bytes (`LIMIT_EXCEEDED`). That reading is hashed too, so that a wrong file ends there (`DIGEST_MISMATCH`). */
export async function learnFileSize(
  http: HttpClient,
  file: MeasuredFile,
  limit: number,
  run: Run,
): Promise<number> {
  return (await announcedSize(http, file, run)) ?? (await countedSize(http, file, limit, run));
}

/** What HEAD says counts only as an answer: a server may refuse it and still give the file, so GET has the last word on everything but a failed trip. */
async function announcedSize(
  http: HttpClient,
  { url, headers: sent = {}, item, sha256 }: MeasuredFile,
  run: Run,
): Promise<number | undefined> {
  try {
    const { headers } = await http.request({ url, headers: sent, item, method: 'HEAD' }, run);
    const length = headers.get('content-length') ?? '';
    // Some servers answer HEAD with a length of 0 because they send no body.
    const isBelievable = /^\d{1,15}$/.test(length) && (Number(length) > 0 || sha256 === EMPTY);
    return isBelievable && !headers.has('content-encoding') ? Number(length) : undefined;
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** An answer that says nothing about what GET would give. */
export function isRefusal(error: unknown): boolean {
  return (
    isGapferryError(error) &&
    ['UNAUTHORIZED', 'FORBIDDEN', 'SOURCE_NOT_FOUND', 'PROTOCOL_VIOLATION', 'SERVER_ERROR'].includes(
      error.code,
    )
  );
}

async function countedSize(http: HttpClient, file: MeasuredFile, limit: number, run: Run): Promise<number> {
  const hash = sha256();
  let size = 0;
  const uncounted: Run = { signal: run.signal, emit: (event) => event.kind !== 'bytes' && run.emit(event) };
  const { url, headers = {}, item } = file;
  for await (const chunk of http.body({ url, headers, item, maxBytes: limit }, 0, uncounted)) {
    hash.update(chunk);
    size += chunk.byteLength;
  }
  requireDigest({ digest: file.sha256, size }, hash.digest(), { origin: 'source', place: hostOf(file) });
  return size;
}

function hostOf({ url, item }: MeasuredFile): string {
  const host = URL.parse(url)?.host;
  if (host !== undefined) return host;
  throw new GapferryError({ code: 'REFERENCE_INVALID', message: `${item}: its address is no URL` });
}
