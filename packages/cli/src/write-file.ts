import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GapferryError } from '@gapferry/core';
import { reasonOf } from './environment.ts';

export interface WriteOptions {
  /** File mode, default 0644. */
  readonly mode?: number;
  /** Refuse (`USAGE`) to replace a file that is there. */
  readonly exclusive?: boolean;
}

/** Writes a small file under a temporary name, syncs it and renames it. Throws `STORAGE_FAILED`. */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(directory, { recursive: true });
    if (options.exclusive) return await writeNew(path, content, options.mode ?? 0o644);
    await writeNew(temporary, content, options.mode ?? 0o644);
    await rename(temporary, path);
    await syncDirectory(directory);
  } catch (cause) {
    await rm(temporary, { force: true });
    if (cause instanceof GapferryError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
      throw new GapferryError({
        code: 'USAGE',
        message: `${path} is there already`,
        hint: 'nothing was overwritten; choose another place, or move it away',
        cause,
      });
    throw new GapferryError({
      code: 'STORAGE_FAILED',
      message: `cannot write ${path}: ${reasonOf(cause)}`,
      hint: 'check the permissions and the free space',
      cause,
    });
  }
}

async function writeNew(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
