import { GapferryError, isDigest, requireSafePath, toDirectoryName } from '@gapferry/core';

/** An item as the manifest names it: `{kind: 'image', id: 'docker.io/library/nginx:1.27.3'}`. */
export interface MappedItem {
  readonly kind: 'image' | 'chart' | 'git' | 'file';
  readonly id: string;
}

/** Where an item goes at a target that keeps upstream names. */
export type ItemPlace = OciPlace | GitPlace | FilePlace;

export interface OciPlace {
  readonly kind: 'oci';
  /** `host/path`; a port is written with `-`, since a repository name has no colon. */
  readonly repository: string;
  /** Absent for an item that is only known by its digest. */
  readonly tag?: string;
}

export interface GitPlace {
  readonly kind: 'git';
  /** `host/path` without `.git`. */
  readonly repository: string;
}

export interface FilePlace {
  readonly kind: 'file';
  readonly path: string;
}

/** Distribution-spec, pulling manifests: the name of a repository. */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

/** The place of an item where upstream identities are kept: `{host}/{path}`. Pure; two items may still fall together, see `requireDistinctPlaces`.
 *  A chart's version is written as Helm does, with `_` for the `+` that no tag can have. Throws `NAME_UNSAFE`. */
export function mapItem(item: MappedItem): ItemPlace {
  if (item.kind === 'file') return { kind: 'file', path: requireSafePath(item.id, 'a file') };
  if (item.kind === 'git') {
    const repository = toDirectoryName(item.id).replace(/\.git$/, '');
    return { kind: 'git', repository: requireSafePath(repository, 'a Git repository') };
  }
  return mapReference(item);
}

function mapReference(item: MappedItem): OciPlace {
  const [named = '', digest] = item.id.split('@');
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  const version = colon < 0 ? undefined : named.slice(colon + 1);
  const tag = item.kind === 'chart' ? version?.replaceAll('+', '_') : version;
  const repository = toRepository(colon < 0 ? named : named.slice(0, colon), item);
  if (tag !== undefined && !TAG.test(tag)) throw unsafe(item, `"${tag.slice(0, 128)}" cannot be a tag`);
  if (tag === undefined && !isDigest(digest)) throw unsafe(item, 'it has neither a tag nor a digest');
  return { kind: 'oci', repository, ...(tag !== undefined && { tag }) };
}

/** Host names are case-insensitive; repository names are lower case. */
function toRepository(name: string, item: MappedItem): string {
  const slash = name.indexOf('/');
  const host = slash < 0 ? '' : name.slice(0, slash).toLowerCase();
  const repository = toDirectoryName(`${host}${name.slice(Math.max(slash, 0))}`);
  if (REPOSITORY.test(repository) && repository.length <= 255) return repository;
  throw unsafe(item, `"${repository.slice(0, 255)}" cannot be the name of a repository`);
}

function unsafe(item: MappedItem, why: string): GapferryError {
  return new GapferryError({
    code: 'NAME_UNSAFE',
    message: `${item.kind} ${item.id.slice(0, 300)} has no place at the target: ${why}`,
    hint: 'name it by a host name (an IPv6 address cannot be part of a repository) and a path in lower case',
    origin: 'target',
    data: { item: item.id },
  });
}
