import type { GitHostTargetConfig, TargetConfig } from '@gapferry/bundle';
import { GapferryError, toDirectoryName } from '@gapferry/core';
import type { InsideRepository } from '@gapferry/targets';
import type { KnownRepository } from './imported-git.ts';
import type { Site } from './open-site.ts';

export interface GitPlace {
  /** The target's name. */
  readonly target: string;
  /** Where an upstream repository is inside. */
  urlOf(repository: string): string;
}

/** The target that holds repositories, as those who clone reach it: the one named, or the first that takes Git. Throws `USAGE`. */
export async function chooseGitPlace(
  site: Site,
  given: { readonly target?: string; readonly url?: string },
): Promise<GitPlace> {
  const config = chooseTarget(site, given.target);
  const base = baseUrl(config, given.url);
  const pathOf = await pathsOf(config);
  return { target: config.name, urlOf: (repository) => `${base}/${pathOf(toDirectoryName(repository))}.git` };
}

type GitTarget = Exclude<TargetConfig, { readonly takes: readonly 'file'[] }>;

async function pathsOf(config: GitTarget): Promise<(repository: string) => string> {
  const { giteaPath, gitlabPath, plainPath } = await import('@gapferry/targets');
  if (config.kind === 'depot' || !('refs' in config))
    return (repository) => `git/${repository.replace(/\.git$/, '')}`;
  const { path } = config;
  const paths = { gitea: giteaPath, gitlab: gitlabPath, git: plainPath };
  return (repository) => paths[config.kind](path, repository);
}

function chooseTarget({ config, file }: Site, name: string | undefined): GitTarget {
  const holding = config.targets.filter((target): target is GitTarget =>
    (target.takes as readonly string[]).includes('git'),
  );
  const chosen = name === undefined ? holding[0] : holding.find((target) => target.name === name);
  if (chosen !== undefined) return chosen;
  const names = holding.map((target) => target.name);
  throw new GapferryError({
    code: 'USAGE',
    message:
      name === undefined
        ? `no target of ${file} takes Git repositories`
        : `${file} has no target named ${name} that takes Git repositories`,
    hint: names.length === 0 ? 'add one to the file' : `there is ${names.join(', ')}`,
    origin: 'site',
  });
}

function baseUrl(config: GitTarget, given: string | undefined): string {
  const url = given ?? (isReachable(config) ? config.url : undefined);
  if (url === undefined)
    throw new GapferryError({
      code: 'USAGE',
      message: `the repositories of ${config.name} lie in a directory here, and nobody said where others reach them`,
      hint: 'say it with --url, for example --url http://10.0.0.5:5000 for "gapferry serve"',
    });
  if (/^(?:https?|ssh):\/\/[^\s"\\]+$/.test(url) && URL.parse(url)?.password === '')
    return url.replace(/\/+$/, '');
  throw new GapferryError({
    code: 'USAGE',
    message: '--url is not https://HOST, http://HOST or ssh://USER@HOST',
    hint: 'credentials belong to those who clone',
  });
}

function isReachable(config: GitTarget): config is GitHostTargetConfig {
  return 'refs' in config && /^(?:https?|ssh):/.test(config.url);
}

/** What those who use a repository need of it; undefined where it has no branch. HEAD's branch, or `main`, `master`, or the first. */
export function toInside(
  place: GitPlace,
  { id, refs, head, source, submoduleOf }: KnownRepository,
): InsideRepository | undefined {
  const branches = Object.keys(refs).filter((name) => name.startsWith('refs/heads/'));
  const branch = [head, 'refs/heads/main', 'refs/heads/master', ...branches.sort()].find(
    (name) => name !== undefined && refs[name] !== undefined,
  );
  const commit = branch === undefined ? undefined : refs[branch];
  if (branch === undefined || commit === undefined) return undefined;
  const isClonable = source !== undefined && /^(?:https?|ssh):/.test(source);
  return {
    upstream: id,
    url: place.urlOf(id),
    branch: branch.slice('refs/heads/'.length),
    commit,
    ...(isClonable && { source }),
    ...(source !== undefined && { origin: source }),
    ...(submoduleOf !== undefined && { submoduleOf }),
  };
}
