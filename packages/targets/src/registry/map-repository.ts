import { GapferryError, printable, toRepositoryName } from '@gapferry/core';
import { toRepository } from '../map-item.ts';

/** The path of a repository at a registry by a template: `{host}` (lower case, a port after `-`), `{path}`, and `{name}`, the last part of the path. Upstream identities are kept by
 *  `{host}/{path}`: `docker.io/library/nginx`. Pure; two repositories may still fall together, see `requireDistinctRepositories`. Throws `NAME_UNSAFE`. */
export function mapRepository(template: string, repository: string): string {
  const upstream = toRepositoryName(repository);
  const slash = upstream.indexOf('/');
  const values: Readonly<Record<string, string>> = {
    host: upstream.slice(0, Math.max(slash, 0)),
    path: upstream.slice(slash + 1),
    name: upstream.slice(upstream.lastIndexOf('/') + 1),
  };
  if (slash <= 0) throw unsafe(repository, 'it is not host/path');
  const path = template.replace(/\{(\w+)\}/g, (_, variable: string) => values[variable] ?? '');
  return toRepository(path);
}

function unsafe(repository: string, why: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: printable(`"${repository.slice(0, 255)}" cannot be mapped to a repository: ${why}`),
    origin: 'target',
  });
}
