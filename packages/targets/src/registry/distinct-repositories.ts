import { GapferryError, type Load, printable, toRepositoryName } from '@gapferry/core';
import { TAG } from '../map-item.ts';

/** Refuses loads that would fall together at a registry: two upstream repositories in one, now or with a later release, and two contents under one tag. Pure.
 *  Throws `NAME_UNSAFE`, naming both items, before anything is written. */
export function requireDistinctRepositories(
  loads: readonly Load[],
  repositoryOf: (upstream: string) => string,
): void {
  const upstreams = new Map<string, { readonly upstream: string; readonly item: string }>();
  const roots = new Map<string, { readonly digest: string; readonly item: string }>();
  for (const load of loads) {
    if (load.kind !== 'oci') continue;
    const upstream = toRepositoryName(load.repository);
    const repository = repositoryOf(upstream);
    const other = upstreams.get(repository);
    if (other !== undefined && other.upstream !== upstream)
      throw together(other.item, load.item, `both would be in the repository ${repository}`);
    upstreams.set(repository, { upstream, item: load.item });
    if (load.phase === 'content' || load.tag === undefined) continue;
    if (!TAG.test(load.tag)) throw badTag(load.item, load.tag);
    const name = `${repository}:${load.tag}`;
    const same = roots.get(name);
    if (same !== undefined && same.digest !== load.root.digest)
      throw together(same.item, load.item, `both would be ${name}`);
    roots.set(name, { digest: load.root.digest, item: load.item });
  }
}

function together(one: string, other: string, why: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: `${one} and ${other} cannot both be loaded: ${why}`,
    hint: 'let `path` of the target in site.yaml tell them apart: "{host}/{path}" always does',
    origin: 'target',
    data: { items: [one, other] },
  });
}

function badTag(item: string, tag: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: printable(`"${tag.slice(0, 128)}" cannot be the tag of ${item}`),
    origin: 'target',
  });
}
