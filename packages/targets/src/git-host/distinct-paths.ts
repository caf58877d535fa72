import { foldName, GapferryError, type Load } from '@gapferry/core';

/** Refuses upstream repositories that would be one at the host, whose names have no case. Pure. Throws `NAME_UNSAFE`, naming both items. */
export function requireDistinctPaths(loads: readonly Load[], pathOf: (repository: string) => string): void {
  const owners = new Map<string, { readonly upstream: string; readonly item: string }>();
  for (const load of loads) {
    if (load.kind !== 'git') continue;
    const path = pathOf(load.repository);
    const other = owners.get(foldName(path));
    if (other !== undefined && other.upstream !== load.repository)
      throw together(other.item, load.item, path);
    owners.set(foldName(path), { upstream: load.repository, item: load.item });
  }
}

function together(one: string, other: string, path: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: `${one} and ${other} cannot both be loaded: both would be the repository ${path}`,
    hint: 'let `path` of the target in site.yaml tell them apart, or give one of them another name with `as:` in bundle.yaml',
    origin: 'target',
    data: { items: [one, other], path },
  });
}
