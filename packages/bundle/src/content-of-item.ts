import type { ContentDate } from '@gapferry/core';
import { CONTENT_RECIPES } from './content-recipes.ts';
import { type Item, isDirectoryItem } from './manifest.ts';

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
  const { form } = CONTENT_RECIPES[content.kind];
  if ((form === 'artifact') !== (item.kind === 'image')) return [`${content.kind} is no ${item.kind}`];
  const isRight = (form === 'repository') === isDirectoryItem(item);
  return isRight ? [] : [`${content.kind} is ${form === 'repository' ? 'a directory' : 'no directory'}`];
}
