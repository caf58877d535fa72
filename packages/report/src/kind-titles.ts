import type { ItemKind } from '@gapferry/bundle';

/** The order in which people read kinds. */
export const KINDS: readonly ItemKind[] = ['image', 'chart', 'git', 'file'];

export const KIND_TITLES: Readonly<Record<ItemKind, string>> = {
  image: 'Images',
  chart: 'Charts',
  git: 'Git repositories',
  file: 'Files',
};

/** `1 image`, `2 images`, `1,200 blobs`. */
export function count(amount: number, noun: string): string {
  const plural = noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : `${noun}s`;
  return `${amount.toLocaleString('en')} ${amount === 1 ? noun : plural}`;
}
