import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { GapferryError } from '@gapferry/core';
import { reasonOf } from './environment.ts';

export interface WriteOptions {
  /** File mode, default 0644. */
  readonly mode?: number;
  /** Refuse (`USAGE`) to replace a file that is there. */
  readonly exclusive?: boolean;
}

/** Writes a small file under a temporary name, syncs it and gives it its own. Throws `STORAGE_FAILED`. */
export async function writeFileAtomically(
  path: string,
  content: string | Uint8Array,
  options: WriteOptions = {},
): Promise<void> {
  const directory = resolve(dirname(path));
  const temporary = join(directory, `.gapferry-${randomBytes(8).toString('hex')}`);
  try {
    const made = await mkdir(directory, { recursive: true });
    await writeNew(temporary, content, options.mode ?? 0o644);
    await (options.exclusive ? giveNewName(temporary, path) : rename(temporary, path));
    await syncDirectory(directory);
    if (made !== undefined) await syncNames(made, directory);
  } catch (cause) {
    throw notWritten(path, cause);
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
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

/** Is this the temporary name of a file that was not finished? */
export function isUnfinished(name: string): boolean {
  return /^\.gapferry-[0-9a-f]{16}$/.test(name);
}

/** A second name for the same file is refused where the name is taken, and is whole from its first moment on. FAT has no second names: there the name is taken first. */
async function giveNewName(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error))) throw error;
    await writeNew(to, '', 0o600);
    await rename(from, to);
  }
}

function notWritten(path: string, cause: unknown): GapferryError {
  // From mkdir it means that a file stands where a directory should.
  if (codeOf(cause) === 'EEXIST' && (cause as NodeJS.ErrnoException).syscall !== 'mkdir')
    return new GapferryError({
      code: 'USAGE',
      message: `${path} is there already`,
      hint: 'nothing was overwritten; choose another place, or move it away',
      cause,
    });
  return new GapferryError({
    code: 'STORAGE_FAILED',
    message: `cannot write ${path}: ${reasonOf(cause)}`,
    hint: 'check the permissions and the free space',
    cause,
  });
}

function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | undefined)?.code);
}

/** Of directories that were made one in the other. */
async function syncNames(from: string, to: string): Promise<void> {
  const first = resolve(from);
  for (let made = to; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
