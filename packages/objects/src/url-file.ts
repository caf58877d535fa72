import {
  type BlobStore,
  type Bytes,
  type FileHolding,
  MEDIA_TYPES,
  type Pour,
  type Run,
  type UrlFilePin,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { learnFileSize } from './file-size.ts';

/** Brings a file from its URL into a store. `limit`: the most bytes that are read of a file whose server names no length. */
export async function fetchUrlFile(
  http: HttpClient,
  pin: UrlFilePin,
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
