import { GIT_CONSUMER_MARK, type InsideRepository } from './inside-repository.ts';
import { submoduleRewrites } from './submodule-rewrites.ts';

/** Configuration of git that leads clones, fetches and submodules of upstream's addresses to the repositories inside (git-config, `url.<base>.insteadOf`). Commits and their `.gitmodules`
 *  stay what they are. */
export function gitRewrites(repositories: readonly InsideRepository[]): string {
  return [
    GIT_CONSUMER_MARK,
    '# Include it: git config --global include.path FILE. Submodules are found through it as well.',
    ...repositories.flatMap(rewriteOf),
    ...relativeOnes(repositories),
    '',
  ].join('\n');
}

/** Submodules with relative URLs, in clones from inside. */
function relativeOnes(repositories: readonly InsideRepository[]): string[] {
  const { rewrites, settings } = submoduleRewrites(repositories);
  return [
    ...(rewrites.length === 0
      ? []
      : ['', '# What relative URLs of submodules become in clones from inside.']),
    ...rewrites.flatMap(({ from, to }) => [`[url ${quoted(to)}]`, `\tinsteadOf = ${quoted(from)}`]),
    ...settings.flatMap(({ superproject, name, url }) => [
      '',
      `# Its relative URL means another repository inside. In a clone of ${oneLine(superproject)}, before "git submodule update":`,
      `# git config ${shellWord(`submodule.${oneLine(name)}.url`)} ${shellWord(oneLine(url))}`,
    ]),
  ];
}

function oneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

function shellWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
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
