import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestGitRepository } from './git-repository.ts';

/** Puts a commit of another repository at a path (mode 160000): part of the next commit. */
export async function linkSubmodule(
  { path: repository, git }: TestGitRepository,
  path: string,
  commit: string,
): Promise<void> {
  // Otherwise the next `git add --all` takes it out again.
  await mkdir(join(repository, path), { recursive: true });
  await git('update-index', '--add', '--cacheinfo', `160000,${commit},${path}`);
}

/** A `.gitmodules` with entries by name; its path is the name unless given. */
export function gitmodules(
  entries: Readonly<Record<string, { readonly url: string; readonly path?: string; readonly more?: string }>>,
): string {
  return Object.entries(entries)
    .map(
      ([name, { url, path = name, more = '' }]) =>
        `[submodule "${name}"]\n\tpath = ${path}\n\turl = ${url}\n${more}`,
    )
    .join('');
}
