import { matchesGlob } from '@gapferry/core';
import { itemNames } from './item-names.ts';
import type { Item, Manifest } from './manifest.ts';
import type { AllowList } from './trust-policy.ts';

const LISTS = { image: 'images', chart: 'charts', git: 'git', file: 'files' } as const;

/** Items that the channel may not bring, in manifest order. A pattern is held against the item's full id and against its id without tag, digest or version. */
export function itemsOutOfScope(manifest: Manifest, allow: AllowList): Item[] {
  return manifest.items.filter(
    (item) =>
      !allow[LISTS[item.kind]].some((pattern) => itemNames(item).some((name) => matchesGlob(pattern, name))),
  );
}
