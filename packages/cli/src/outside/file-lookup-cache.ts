import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LookupCache } from '@gapferry/oci';

/** Bytes of one file; what is longer was not written by us. */
const LONGEST = 1 << 20;

/** One small file for each name in a directory that is made when it is needed. Files are replaced as a whole; several processes may use the directory. What cannot be read or written counts
 *  as not there: whoever asks then asks upstream. */
export function fileLookupCache(directory: string): LookupCache {
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
      } catch {
        await rm(temporary, { force: true }).catch(() => undefined);
      }
    },
  };
}

async function readShort(path: string): Promise<string> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  if (size > LONGEST) throw new Error('longer than anything that was written here');
  const buffer = Buffer.alloc(size);
  const { bytesRead } = await file.read(buffer, 0, size, 0);
  return buffer.toString('utf8', 0, bytesRead);
}
