import {
  aboutItem,
  type BlobStore,
  type Bytes,
  type FileHolding,
  type FilePin,
  type FileWish,
  MEDIA_TYPES,
  type Pour,
  type Run,
  type Source,
  wishDigest,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { learnFileSize } from './file-size.ts';

export interface FileSourceOptions {
  /** The most bytes that are read of a file whose server names no length; default 64 GiB. */
  readonly unknownSizeLimit?: number;
}

const DEFAULT_LIMIT = 64 * 2 ** 30;

/** Files over HTTP(S). The wish says what the file is (its sha256), so `resolve` asks nobody; `fetch` finds out whether upstream still has it. */
export function fileSource(
  http: HttpClient,
  options: FileSourceOptions = {},
): Source<FileWish, FilePin, FileHolding> {
  const limit = options.unknownSizeLimit ?? DEFAULT_LIMIT;
  return {
    resolve: async (wish) => [
      { kind: 'file', id: wish.as, wish: wishDigest(wish), url: wish.url, sha256: wish.sha256 },
    ],
    async fetch(pin, into, run) {
      try {
        return await fetchFile(http, pin, into, limit, run);
      } catch (error) {
        throw aboutItem(pin.id, error);
      }
    },
  };
}

async function fetchFile(
  http: HttpClient,
  pin: FilePin,
  into: BlobStore,
  limit: number,
  run: Run,
): Promise<FileHolding> {
  const { id: item, url, sha256 } = pin;
  const size = await learnFileSize(http, { url, sha256, item }, limit, run);
  run.emit({ kind: 'item-started', item, bytes: size });
  const told = (bytes: number): void => run.emit({ kind: 'bytes', item, bytes, reused: true });
  const read = (from: number): Bytes => {
    if (from > 0) told(from);
    return http.body({ url, item, size }, from, run);
  };
  const pour: Pour = async (part, inner) => {
    const poured = await http.pour({ url, item, size }, part, inner);
    if (poured !== undefined && part.from > 0) told(part.from);
    return poured;
  };
  const { reused } = await into.put({ digest: sha256, size }, Object.assign(read, { pour }), run);
  if (reused) told(size);
  run.emit({ kind: 'item-done', item, outcome: reused ? 'reused' : 'done', bytes: size });
  return { kind: 'file', pin, root: { mediaType: MEDIA_TYPES.octets, digest: sha256, size } };
}
