import { GIT_CONSUMER_MARK, type InsideRepository } from './inside-repository.ts';

/** Configuration of git that leads clones, fetches and submodules of upstream's addresses to the repositories inside (git-config, `url.<base>.insteadOf`). Commits and their `.gitmodules`
 *  stay what they are. */
export function gitRewrites(repositories: readonly InsideRepository[]): string {
  return [
    GIT_CONSUMER_MARK,
    '# Include it: git config --global include.path FILE. Submodules are found through it as well.',
    ...repositories.flatMap(rewriteOf),
    '',
  ].join('\n');
}

function rewriteOf(repository: InsideRepository): string[] {
  const base = repository.url.replace(/\.git$/, '');
  return [
    '',
    `[url ${quoted(base)}]`,
    ...addressesOf(repository).map((address) => `\tinsteadOf = ${quoted(address)}`),
  ];
}

/** Without `.git`: git compares the beginning, and what follows stays. */
function addressesOf({ upstream, source }: InsideRepository): string[] {
  const slash = upstream.indexOf('/');
  const [host, path] = [upstream.slice(0, slash), upstream.slice(slash + 1)];
  const plainHost = host.replace(/:\d+$/, '');
  return [
    ...new Set([
      ...(source === undefined ? [] : [source.replace(/\/+$/, '').replace(/\.git$/, '')]),
      `https://${host}/${path}`,
      `ssh://git@${host}/${path}`,
      `git@${plainHost}:${path}`,
    ]),
  ];
}

/** A value of git's configuration (git-config, syntax). */
function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}
