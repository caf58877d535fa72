import type { ContentDate } from '@gapferry/core';
import { CONTENT_RECIPES } from './content-recipes.ts';
import type { Item } from './manifest.ts';

/** How fresh an item is, where it is content that grows old. */
export function contentOf(item: Item): ContentDate | undefined {
  return 'content' in item ? item.content : undefined;
}

/** A database of images is no file, and the other way round; and only ClamAV's has its signature. */
export function contentProblems(item: Item): string[] {
  const content = contentOf(item);
  const isSigned = item.kind === 'file' && item.checked.includes('clamav');
  if (isSigned && content?.kind !== 'clamav-db') return ['a signature of ClamAV is of no other file'];
  if (content === undefined) return [];
  const isArtifact = CONTENT_RECIPES[content.kind].form === 'artifact';
  return isArtifact === (item.kind === 'image') ? [] : [`${content.kind} is no ${item.kind}`];
}
