import type { Ledger } from '@gapferry/core';
import { IMPORT_ENTRIES } from './import-entries.ts';

/** References of all images that imports have made visible at a target, sorted, as the ledger tells it. */
export function importedImages(ledger: Ledger, target: string): string[] {
  const images = new Set<string>();
  for (const { data } of ledger.history([IMPORT_ENTRIES.named])) {
    const item = String(data['item']);
    if (data['target'] === target && item.startsWith('image ')) images.add(item.slice('image '.length));
  }
  return [...images].sort();
}
