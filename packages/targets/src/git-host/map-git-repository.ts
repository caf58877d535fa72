import { GapferryError, printable, requireSafePath, toDirectoryName } from '@gapferry/core';

/** The place of an upstream repository by a template: `{host}` (a port after `-`), `{path}`, and `{name}`, the last part of the path. Pure; two repositories may still fall together,
 *  see `requireDistinctPaths`. Throws `NAME_UNSAFE`. */
export function mapGitRepository(template: string, repository: string): string {
  const upstream = toDirectoryName(repository).replace(/\.git$/, '');
  const slash = upstream.indexOf('/');
  if (slash <= 0) throw unmapped(repository, 'it is not host/path');
  const values: Readonly<Record<string, string>> = {
    host: upstream.slice(0, slash).toLowerCase(),
    path: upstream.slice(slash + 1),
    name: upstream.slice(upstream.lastIndexOf('/') + 1),
  };
  const path = template.replace(/\{(\w+)\}/g, (_, variable: string) => values[variable] ?? '');
  return requireSafePath(path, `a repository at a Git host`);
}

/** Two levels, as Gitea has them: the first part is the organisation, `-` joins the others. Throws `NAME_UNSAFE`. */
export function inTwoLevels(path: string): string {
  const [organisation = '', ...parts] = path.split('/');
  if (parts.length === 0) throw unmapped(path, 'it has no organisation');
  return `${organisation}/${parts.join('-')}`;
}

export function unmapped(path: string, why: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: printable(`"${path.slice(0, 255)}" cannot be a repository at the Git host: ${why}`),
    hint: 'choose another `path` for the target in site.yaml, or another name with `as:` in bundle.yaml',
    origin: 'target',
  });
}
