import { type Descriptor, isDigest } from '@gapferry/core';
import type { ServedStore } from '../served-store.ts';

/** A repository as a registry shows it. */
export interface Repository {
  readonly tags: ReadonlyMap<string, Descriptor>;
  /** Everything that has a name here, tags and digests, each once. */
  readonly roots: readonly Descriptor[];
}

/** Longer names, and characters that no client could send in a path, are not served. Wider than the distribution-spec, which has no upper case and no ports. */
const NAME = /^[A-Za-z0-9]+(?:[._:-]+[A-Za-z0-9]+)*(?:\/[A-Za-z0-9]+(?:[._:-]+[A-Za-z0-9]+)*)*$/;

export function isRepositoryName(name: string): boolean {
  return name.length <= 255 && NAME.test(name);
}

/** Repositories by name, from what the depot names now: an import that goes on beside the server is seen. */
export async function readRepositories(store: ServedStore): Promise<ReadonlyMap<string, Repository>> {
  const repositories = new Map<string, { tags: Map<string, Descriptor>; roots: Map<string, Descriptor> }>();
  for (const { name, root } of await store.names()) {
    const { repository, tag } = splitName(name);
    if (!isRepositoryName(repository)) continue;
    const there = repositories.get(repository) ?? { tags: new Map(), roots: new Map() };
    repositories.set(repository, there);
    if (tag !== undefined) there.tags.set(tag, root);
    there.roots.set(root.digest, root);
  }
  return new Map(
    [...repositories].map(([name, { tags, roots }]) => [name, { tags, roots: [...roots.values()] }]),
  );
}

function splitName(name: string): { repository: string; tag?: string } {
  const at = name.indexOf('@');
  const named = at >= 0 && isDigest(name.slice(at + 1)) ? name.slice(0, at) : name;
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  return colon < 0
    ? { repository: named }
    : { repository: named.slice(0, colon), tag: named.slice(colon + 1) };
}
