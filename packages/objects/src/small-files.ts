import { resolve } from 'node:path';
import { type FilePlace, GapferryError, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { readLocalFile } from './local/read-local-file.ts';

/** Files of checksums and signatures, each read once. */
export interface SmallFiles {
  /** `item`: for whom it is read, for messages. Throws `LIMIT_EXCEEDED` over `limit` bytes, and what reading throws. */
  read(place: FilePlace, limit: number, item: string, run: Run): Promise<Uint8Array>;
}

/** `directory`: where relative paths begin. */
export function smallFiles(http: HttpClient, directory: string): SmallFiles {
  const known = new Map<string, Promise<Uint8Array>>();
  return {
    read(place, limit, item, run) {
      const key = nameOfPlace(place);
      const before = known.get(key);
      if (before !== undefined) return before;
      const reading =
        'url' in place
          ? fromUrl(http, place.url, limit, item, run)
          : fromPath(place.path, directory, limit, run);
      known.set(key, reading);
      reading.catch(() => known.delete(key));
      return reading;
    },
  };
}

export function nameOfPlace(place: FilePlace): string {
  return 'url' in place ? place.url : place.path;
}

async function fromUrl(
  http: HttpClient,
  url: string,
  maxBytes: number,
  item: string,
  run: Run,
): Promise<Uint8Array> {
  const { pathname } = new URL(url);
  return (await http.request({ url, item: `${pathname.split('/').at(-1)} of ${item}`, maxBytes }, run)).body;
}

async function fromPath(path: string, directory: string, limit: number, run: Run): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const chunk of readLocalFile(
    { path: resolve(directory, path), shown: path, mayLink: true },
    0,
    run,
  )) {
    size += chunk.byteLength;
    if (size > limit)
      throw new GapferryError({
        code: 'LIMIT_EXCEEDED',
        message: `${path} has more than ${limit} bytes`,
        origin: 'source',
      });
    parts.push(Buffer.from(chunk));
  }
  return Buffer.concat(parts);
}
