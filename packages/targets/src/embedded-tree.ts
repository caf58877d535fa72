import { join } from 'node:path';
import { GapferryError, printable, requireSafePath, toDirectoryName } from '@gapferry/core';

/** Names below the root of an embedded depot. */
export const GIT = 'git';
export const FILES = 'files';
/** Files that are being written; on the same file system as `files`, and served to nobody. */
export const INCOMING = 'incoming';

/** Below a bare repository: which blobs of the depot are its Git LFS objects. */
export const LFS_LISTING = 'lfs/gapferry-objects';

/** Where the embedded target keeps what is no blob. */
export interface EmbeddedRoots {
  /** Bare repositories, `<host>/<path>.git`. */
  readonly git: string;
  readonly files: string;
  /** Below each repository: the list of its Git LFS objects, lines of `<64 hex digits> <bytes>`. */
  readonly lfsListing: string;
}

/** What `serve` reads below the root of an embedded depot. */
export function embeddedRoots(tree: string): EmbeddedRoots {
  return { git: join(tree, GIT), files: join(tree, FILES), lfsListing: LFS_LISTING };
}

/** Path of a repository below `git`: `:` becomes `-`, and only the last part ends with `.git`, so that a path tells where its repository ends. Throws `NAME_UNSAFE`. */
export function repositoryPath(repository: string): string {
  const path = requireSafePath(toDirectoryName(repository).replace(/\.git$/, ''), 'a Git repository');
  if (!/\.git(?:\/|$)/i.test(path)) return `${path}.git`;
  throw new GapferryError({
    code: 'NAME_UNSAFE',
    message: `the Git repository "${printable(path)}" would lie inside a directory that looks like a repository`,
    hint: 'choose another name with `as:`',
  });
}

export function repositoryDirectory(tree: string, repository: string): string {
  return join(tree, GIT, ...repositoryPath(repository).split('/'));
}
