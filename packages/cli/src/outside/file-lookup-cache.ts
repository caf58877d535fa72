import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LookupCache } from '@gapferry/oci';

/** Bytes of one file; what is longer was not written by us. */
const LONGEST = 1 << 20;

/** Milliseconds after which a file that nobody wrote anew is removed: digests pass. */
const OLDEST = 30 * 24 * 60 * 60 * 1000;

/** One small file for each name in a directory that is made when it is needed. Files are replaced as a whole, and removed after 30 days; several processes may use the directory. What cannot be read or written counts
 *  as not there: whoever asks then asks upstream. */
export function fileLookupCache(directory: string): LookupCache {
  let swept: Promise<void> | undefined;
  const fileOf = (name: string): string =>
    join(directory, `${createHash('sha256').update(name).digest('hex')}.json`);
  return {
    async get(name) {
      try {
        const entry = JSON.parse(await readShort(fileOf(name))) as { name?: unknown; value?: unknown } | null;
        return entry?.name === name ? entry.value : undefined;
      } catch {
        return undefined;
      }
    },
    async put(name, value) {
      const text = JSON.stringify({ name, value });
      if (Buffer.byteLength(text) > LONGEST) return;
      const temporary = join(directory, `${randomUUID()}.tmp`);
      try {
        await mkdir(directory, { recursive: true });
        await writeFile(temporary, text, { flag: 'wx' });
        await rename(temporary, fileOf(name));
        swept ??= sweep(directory);
        await swept;
      } catch {
        await rm(temporary, { force: true }).catch(() => undefined);
      }
    },
  };
}

async function sweep(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > OLDEST) await rm(path, { force: true });
  }
}

async function readShort(path: string): Promise<string> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  if (size > LONGEST) throw new Error('longer than anything that was written here');
  const buffer = Buffer.alloc(size);
  const { bytesRead } = await file.read(buffer, 0, size, 0);
  return buffer.toString('utf8', 0, bytesRead);
}
