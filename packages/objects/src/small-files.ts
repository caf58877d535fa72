import { resolve } from 'node:path';
import { type FilePlace, GapferryError, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { readLocalFile } from './local/read-local-file.ts';

/** Files of checksums and signatures, each read once, as long as there is room for what was read. */
export interface SmallFiles {
  /** `item`: for whom it is read, for messages. Throws `LIMIT_EXCEEDED` over `limit` bytes, and what reading throws. */
  read(place: FilePlace, limit: number, item: string, run: Run): Promise<Uint8Array>;
}

/** Bytes that are kept in memory: a bundle may have thousands of signatures, and upstream says how long they are. */
const ROOM = 33_554_432;

/** `directory`: where relative paths begin. */
export function smallFiles(http: HttpClient, directory: string, room: number = ROOM): SmallFiles {
  const known = new Map<string, Kept>();
  let held = 0;
  const forget = (key: string): void => {
    held -= known.get(key)?.size ?? 0;
    known.delete(key);
  };
  const hold = (key: string, kept: Kept, size: number): void => {
    if (known.get(key) !== kept) return;
    kept.size = size;
    held += size;
    for (const [oldest, { size: more }] of known) if (held > room && more > 0) forget(oldest);
  };
  return {
    async read(place, limit, item, run) {
      const key = `${limit} ${nameOfPlace(place)}`;
      const before = known.get(key);
      if (before !== undefined) {
        // What is asked for goes last.
        known.delete(key);
        known.set(key, before);
        return await before.bytes;
      }
      const kept: Kept = { size: 0, bytes: readPlace(http, directory, place, limit, item, run) };
      known.set(key, kept);
      try {
        const bytes = await kept.bytes;
        hold(key, kept, bytes.byteLength);
        return bytes;
      } catch (error) {
        known.delete(key);
        throw error;
      }
    },
  };
}

interface Kept {
  readonly bytes: Promise<Uint8Array>;
  /** Bytes; 0 while they are being read. */
  size: number;
}

function readPlace(
  http: HttpClient,
  directory: string,
  place: FilePlace,
  limit: number,
  item: string,
  run: Run,
): Promise<Uint8Array> {
  if ('url' in place) return fromUrl(http, place.url, limit, item, run);
  return fromPath(place.path, directory, limit, run);
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
