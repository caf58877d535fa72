import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GitSurroundings } from './git-environment.ts';

/** Where a repository's history is cut (gitrepository-layout, `shallow`), sorted; empty for a whole one. */
export async function readCuts(repository: string): Promise<readonly string[]> {
  const text = await readFile(join(repository, 'shallow'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .sort();
}

/** In one rename; none at all: a whole history. */
export async function writeCuts(repository: string, cuts: readonly string[]): Promise<void> {
  const path = join(repository, 'shallow');
  if (cuts.length === 0) return await rm(path, { force: true });
  const unfinished = `${path}.${randomUUID()}.tmp`;
  await writeFile(unfinished, linesOf(cuts));
  await rename(unfinished, path);
}

/** Lets git see the history cut exactly so, whatever the repository says of itself. */
export async function seeingCuts<T>(
  repository: string,
  cuts: readonly string[],
  look: (variables: NonNullable<GitSurroundings['variables']>) => Promise<T>,
): Promise<T> {
  if (cuts.length === 0) return await look({ GIT_SHALLOW_FILE: '' });
  const path = join(repository, `shallow.${randomUUID()}.tmp`);
  try {
    await writeFile(path, linesOf(cuts));
    return await look({ GIT_SHALLOW_FILE: path });
  } finally {
    await rm(path, { force: true });
  }
}

function linesOf(cuts: readonly string[]): string {
  return cuts.map((oid) => `${oid}\n`).join('');
}
