import { join } from 'node:path';
import { requireSafePath, toDirectoryName } from '@gapferry/core';

/** Names below the root of an embedded depot. */
export const GIT = 'git';
export const FILES = 'files';
/** Files that are being written; on the same file system as `files`, and served to nobody. */
export const INCOMING = 'incoming';

/** Where the embedded target keeps what is no blob. */
export interface EmbeddedRoots {
  /** Bare repositories, `<host>/<path>.git`. */
  readonly git: string;
  readonly files: string;
}

/** The two directories below the root of an embedded depot that `serve` reads. */
export function embeddedRoots(tree: string): EmbeddedRoots {
  return { git: join(tree, GIT), files: join(tree, FILES) };
}

/** Path of a repository below `git`: `:` becomes `-`, and the name ends with `.git` once. Throws `NAME_UNSAFE`. */
export function repositoryPath(repository: string): string {
  const path = `${toDirectoryName(repository).replace(/\.git$/, '')}.git`;
  return requireSafePath(path, 'a Git repository');
}

export function repositoryDirectory(tree: string, repository: string): string {
  return join(tree, GIT, ...repositoryPath(repository).split('/'));
}
