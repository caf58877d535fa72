import { readFile, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { type BundleConfig, encodeLock, type Lock, parseBundleConfig, parseLock } from '@gapferry/bundle';
import { GapferryError } from '@gapferry/core';
import { readNamedFile, reasonOf } from '../environment.ts';
import { writeFileAtomically } from '../write-file.ts';

export interface BundleFiles {
  readonly config: BundleConfig;
  /** Path of bundle.yaml as shown to people. */
  readonly file: string;
  readonly lockFile: string;
  readonly lock?: Lock;
}

/** Reads `<bundle>/bundle.yaml` (or the file named) and the lock beside it. Throws `CONFIG_INVALID`, `USAGE`. */
export async function readBundle(path: string): Promise<BundleFiles> {
  const file = (await isDirectory(path)) ? join(path, 'bundle.yaml') : path;
  const { normalizeGitUrl } = await import('@gapferry/git');
  const config = parseBundleConfig(
    await readNamedFile(file, 'the bundle definition'),
    shown(file),
    normalizeGitUrl,
  );
  const lockFile = join(dirname(file), 'bundle.lock.json');
  const lock = await readLock(lockFile);
  return { config, file: shown(file), lockFile: shown(lockFile), ...(lock && { lock }) };
}

async function readLock(file: string): Promise<Lock | undefined> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw new GapferryError({
      code: 'USAGE',
      message: `cannot read the lock ${file}: ${reasonOf(cause)}`,
      cause,
    });
  });
  return bytes === undefined ? undefined : parseLock(bytes, shown(file));
}

/** Writes the lock only when it says something else than before. */
export async function writeLock(
  { lockFile, lock: before }: BundleFiles,
  lock: Lock,
): Promise<'written' | 'same'> {
  const text = encodeLock(lock);
  if (before !== undefined && encodeLock(before) === text) return 'same';
  await writeFileAtomically(lockFile, text);
  return 'written';
}

/** The same after a release was sealed: that it was, is told also when its lock cannot be kept. Throws `STORAGE_FAILED`. */
export async function keepLock(bundle: BundleFiles, lock: Lock, release: string): Promise<void> {
  await writeLock(bundle, lock).catch((cause: unknown) => {
    throw new GapferryError({
      code: 'STORAGE_FAILED',
      message: `release ${release} is in the depot, but its lock could not be kept: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'the release can be exported; make the directory of the bundle writable before the next collect',
      data: { release, lockFile: bundle.lockFile },
      cause,
    });
  });
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function shown(path: string): string {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
}
