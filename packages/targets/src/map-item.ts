import { GapferryError, type Load, printable, requireSafePath, toRepositoryName } from '@gapferry/core';
import { FILES, GIT, repositoryPath } from './embedded-tree.ts';

/** Where a load goes in the embedded depot: a name in its OCI layout, or a path below its root (`git/<host>/<path>.git`, `files/<path>`). */
export type ItemPlace =
  | { readonly kind: 'oci'; readonly name: string }
  | { readonly kind: 'git' | 'file'; readonly path: string };

/** Distribution-spec, pulling manifests: the name of a repository, and of a tag. */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
export const TAG: RegExp = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** The place of an item. Upstream identities are kept: `{host}/{path}`. Pure; two items may still fall together, see `requireDistinctPlaces`. Throws `NAME_UNSAFE`. */
export function mapItem(load: Load): ItemPlace {
  switch (load.kind) {
    case 'oci':
      return { kind: 'oci', name: load.phase === 'name' ? ociName(load) : toRepository(load.repository) };
    case 'git':
      return { kind: 'git', path: `${GIT}/${repositoryPath(load.repository)}` };
    case 'file':
      return { kind: 'file', path: filePath(load.path.replace(/\/$/, ''), load.item) };
  }
}

/** Paths below the root of the embedded depot that a load takes: of a directory those of all its files. Throws `NAME_UNSAFE`. */
export function pathsTaken(load: Load): readonly string[] {
  if (load.kind === 'file') return load.files.map(({ path }) => filePath(path, load.item));
  const place = mapItem(load);
  return place.kind === 'oci' ? [] : [place.path];
}

function filePath(path: string, item: string): string {
  return `${FILES}/${requireSafePath(path, item)}`;
}

/** The name in the embedded depot's index: `host/path:tag`, or `host/path@sha256:…` where there is no tag. */
export function ociName(load: {
  readonly repository: string;
  readonly tag?: string;
  readonly root: { readonly digest: string };
}): string {
  const { tag } = load;
  const repository = toRepository(load.repository);
  if (tag === undefined) return `${repository}@${load.root.digest}`;
  if (!TAG.test(tag)) throw unsafe(`"${tag.slice(0, 128)}" cannot be a tag of ${repository}`);
  return `${repository}:${tag}`;
}

/** Throws `NAME_UNSAFE` for what no registry takes as the name of a repository. */
export function toRepository(name: string): string {
  const repository = toRepositoryName(name);
  if (REPOSITORY.test(repository) && repository.length <= 255) return repository;
  throw unsafe(`"${repository.slice(0, 255)}" cannot be the name of a repository`);
}

function unsafe(why: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: printable(why),
    hint: 'a repository is a host name (no IPv6 address) and a path in lower case; collect it under such a name',
    origin: 'target',
  });
}
