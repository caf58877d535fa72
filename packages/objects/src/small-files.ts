import { resolve } from 'node:path';
import { type FilePlace, GapferryError, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { readLocalFile } from './local/read-local-file.ts';
import type { AskedAddress, FilePlaces } from './places/file-places.ts';

/** Files of checksums and signatures, each read once, as long as there is room for what was read. */
export interface SmallFiles {
  /** What `use` makes of the file, of the first place that it takes it from. Throws `LIMIT_EXCEEDED` over `limit` bytes, and what reading throws. */
  use<T>(wanted: WantedFile, use: (bytes: Uint8Array, from: ReadFrom) => Promise<T>, run: Run): Promise<T>;
  /** The same, from other places. */
  through(places: FilePlaces): SmallFiles;
}

export interface WantedFile {
  readonly place: FilePlace;
  /** Bytes. */
  readonly limit: number;
  /** For whom it is read, for messages. */
  readonly item: string;
}

/** `mirror`: absent where it is the file's own place. */
export type ReadFrom = Pick<AskedAddress, 'mirror'>;

/** Bytes that are kept in memory: a bundle may have thousands of signatures, and upstream says how long they are. */
const ROOM = 33_554_432;

/** `directory`: where relative paths begin. */
export function smallFiles(
  http: HttpClient,
  places: FilePlaces,
  directory: string,
  room: number = ROOM,
): SmallFiles {
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
  const read = async (key: string, readIt: () => Promise<Uint8Array>): Promise<Uint8Array> => {
    const before = known.get(key);
    if (before !== undefined) {
      // What is asked for goes last.
      known.delete(key);
      known.set(key, before);
      return await before.bytes;
    }
    const kept: Kept = { size: 0, bytes: readIt() };
    known.set(key, kept);
    try {
      const bytes = await kept.bytes;
      hold(key, kept, bytes.byteLength);
      return bytes;
    } catch (error) {
      known.delete(key);
      throw error;
    }
  };
  const through = (from: FilePlaces): SmallFiles => ({
    through,
    async use({ place, limit, item }, use, run) {
      if ('path' in place)
        return await use(
          await read(`${limit} ${place.path}`, () => fromPath(place.path, directory, limit, run)),
          {},
        );
      const ask = async (at: AskedAddress) =>
        await use(await read(`${limit} ${at.url}`, () => fromUrl(http, { at, limit, item }, run)), at);
      return await from.first(place.url, item, ask, run);
    },
  });
  return through(places);
}

interface Kept {
  readonly bytes: Promise<Uint8Array>;
  /** Bytes; 0 while they are being read. */
  size: number;
}

export function nameOfPlace(place: FilePlace): string {
  return 'url' in place ? place.url : place.path;
}

async function fromUrl(
  http: HttpClient,
  { at, limit, item }: Pick<WantedFile, 'limit' | 'item'> & { readonly at: AskedAddress },
  run: Run,
): Promise<Uint8Array> {
  const what = new URL(at.name).pathname.split('/').at(-1);
  const { url, headers = {} } = at;
  return (await http.request({ url, headers, item: `${what} of ${item}`, maxBytes: limit }, run)).body;
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
