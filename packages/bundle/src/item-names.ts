import { formatImageReference, parseImageReference, repositoryOf } from '@gapferry/core';
import type { Item } from './manifest.ts';

/** What patterns are held against: the full id, and the id without tag, digest or version; for Git also with `.git`. */
export function itemNames(item: Item): string[] {
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
