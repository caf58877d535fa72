import { fileURLToPath } from 'node:url';
import { GapferryError, isGapferryError, type Obstacle, type Permission, type Run } from '@gapferry/core';
import { requireDirectory } from '../require-directory.ts';
import type { GitHost, HostJudgement } from './git-host.ts';
import type { GitRemotes } from './git-remotes.ts';
import { mapGitRepository, unmapped } from './map-git-repository.ts';

/** Bare repositories that plain git reaches, below one address: `<url>/<path>.git`. Over a path on this machine, which has to be there, they are made and HEAD is set; elsewhere whoever runs the host makes them. */
export function plainHost(options: {
  /** Without a slash at the end. */
  readonly url: string;
  readonly template: string;
  readonly remotes: GitRemotes;
}): GitHost {
  const { url, template, remotes } = options;
  const isHere = url.startsWith('file:');
  const requireRoot = async (): Promise<void> => {
    if (isHere) await requireDirectory(fileURLToPath(url));
  };
  const urlOf = (path: string): string => `${url}/${path.split('/').map(encodeURIComponent).join('/')}.git`;
  return {
    hasHead: isHere,
    pathOf: (repository) => plainPath(template, repository),
    urlOf,
    begin: async () => {},
    look: async (path, run) => {
      await requireRoot();
      return (await exists(remotes, urlOf(path), run)) ? {} : undefined;
    },
    judge: async ({ missing: paths }, run) =>
      isHere
        ? await judgeDirectories(
            remotes,
            paths.map(({ path }) => urlOf(path)),
            run,
          )
        : { permissions: [], obstacles: paths.map(({ path }) => notThere(urlOf(path))) },
    create: async (path, { objectFormat, head }, run) => {
      if (!isHere) throw missing(urlOf(path));
      await requireRoot();
      await remotes.create(urlOf(path), objectFormat, head, run);
    },
    protections: async () => [],
    settle: async (path, { head }, run) => {
      if (isHere && head !== undefined) await remotes.setHead(urlOf(path), head, run);
    },
    carryOut: async () => {},
  };
}

/** Pure. Throws `NAME_UNSAFE`. */
export function plainPath(template: string, repository: string): string {
  return requirePlainPath(mapGitRepository(template, repository));
}

async function exists(remotes: GitRemotes, url: string, run: Run): Promise<boolean> {
  try {
    return (await remotes.list(url, run)) !== undefined;
  } catch (error) {
    if (isGapferryError(error, 'SOURCE_NOT_FOUND')) return false;
    throw error;
  }
}

function requirePlainPath(path: string): string {
  if (path.split('/').some((part) => part.startsWith('-') || /\.git$/i.test(part)))
    throw unmapped(path, 'a part of it begins with "-" or ends with ".git"');
  return path;
}

async function judgeDirectories(
  remotes: GitRemotes,
  urls: readonly string[],
  run: Run,
): Promise<HostJudgement> {
  const permissions = urls.map(async (url): Promise<Permission> => {
    const right = await remotes.mayPush(url, run);
    const need = { action: 'write', on: url };
    if (right.state === 'proven') return { ...need, ...right };
    return {
      ...need,
      state: 'lacking',
      remedy: `let the user that runs gapferry write there (${right.said})`,
    };
  });
  return { permissions: await Promise.all(permissions), obstacles: [] };
}

function notThere(url: string): Obstacle {
  return {
    on: url,
    problem: `there is no repository at ${url}, and over HTTP and SSH git cannot make one`,
    remedy:
      'make an empty bare repository there (git init --bare), check that these credentials see it, or use `kind: gitea` or `kind: gitlab`',
  };
}

function missing(url: string): GapferryError {
  const { problem, remedy } = notThere(url);
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: problem,
    hint: remedy,
    origin: 'target',
    data: { url },
  });
}
