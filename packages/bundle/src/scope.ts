import { formatImageReference, parseImageReference, repositoryOf } from '@gapferry/core';
import { matchesGlob } from './glob.ts';
import type { Item, Manifest } from './manifest.ts';
import type { AllowList } from './trust-policy.ts';

const LISTS = { image: 'images', chart: 'charts', git: 'git', file: 'files' } as const;

/** Items that the channel may not bring, in manifest order. A pattern is held against the item's full id and against its id without tag, digest or version. */
export function itemsOutOfScope(manifest: Manifest, allow: AllowList): Item[] {
  return manifest.items.filter(
    (item) =>
      !allow[LISTS[item.kind]].some((pattern) => namesOf(item).some((name) => matchesGlob(pattern, name))),
  );
}

/** What patterns are held against: the full id, and the id without tag, digest or version; for Git also with `.git`. */
export function namesOf(item: Item): string[] {
  switch (item.kind) {
    case 'image': {
      const reference = parseImageReference(item.id);
      return [formatImageReference(reference), repositoryOf(reference)];
    }
    case 'chart':
      return [item.id, item.id.slice(0, -item.version.length - 1)];
    case 'git':
      return [item.id, `${item.id}.git`];
    case 'file':
      return [item.id];
  }
}
