import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteSource, Run } from '@gapferry/core';
import { refused, toLocalError } from './local-error.ts';
import { type LocalFile, openLocalFile } from './local-file.ts';
import { indexTar } from './tar-index.ts';

/** Regular files by name, wherever they lie: in a directory or in an archive. */
export interface PlaceFiles {
  /** The place as bundle.yaml writes it, for errors. */
  readonly what: string;
  /** `name`: relative, with `/`, without `.` and `..`. Undefined when there is none. Throws `CONTENT_INVALID` for what is no regular file. */
  find(name: string): Promise<PlaceFile | undefined>;
  close(): Promise<void>;
}

export interface PlaceFile {
  readonly size: number;
  /** The bytes from any offset on, as they are. */
  open(run: Run): ByteSource;
}

/** Files below a directory. Nothing is followed: neither the files nor the directories on the way may be links. */
export function directoryFiles(directory: string, what: string): PlaceFiles {
  return {
    what,
    async find(name) {
      if (!(await isReached(directory, name, what))) return undefined;
      const path = join(directory, name);
      const shown = `${what}/${name}`;
      const file = await openLocalFile(path, shown, { follow: false });
      await file.close();
      return { size: file.size, open: (run) => (from) => fileBytes(path, shown, from, run) };
    },
    close: async () => {},
  };
}

/** False when something on the way is not there. */
async function isReached(directory: string, name: string, what: string): Promise<boolean> {
  const parts = name.split('/');
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const path = parts.slice(0, depth).join('/');
    const facts = await lstat(join(directory, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw toLocalError(`${what}/${path}`, error);
    });
    if (facts === undefined) return false;
    if (depth < parts.length && !facts.isDirectory())
      throw refused(`${what}/${path}`, 'it is not a directory; links are not followed');
  }
  return true;
}

async function* fileBytes(path: string, what: string, from: number, run: Run): AsyncGenerator<Uint8Array> {
  const file = await openLocalFile(path, what, { follow: false });
  try {
    yield* file.bytes(from, file.size, run);
    await file.requireUnchanged();
  } finally {
    await file.close();
  }
}

/** Files in a tar archive, which is indexed now and closed with this. */
export async function archiveFiles(archive: LocalFile, run: Run): Promise<PlaceFiles> {
  const index = await indexTar(archive, run);
  await archive.requireUnchanged();
  return {
    what: archive.what,
    async find(name) {
      const body = index.find(name);
      if (body === undefined) return undefined;
      const { offset, size } = body;
      return { size, open: (run) => (from) => archive.bytes(offset + from, offset + size, run) };
    },
    close: () => archive.close(),
  };
}
