import type { ItemRecord } from './import-outcome.ts';

/** Items of a record, each counted once: one with an attachment that failed has failed. */
export function countItems(records: readonly ItemRecord[]): {
  readonly loaded: number;
  readonly same: number;
  readonly failed: number;
} {
  const byItem = [...Map.groupBy(records, ({ item }) => item).values()].map((own) =>
    own.map(({ outcome }) => outcome),
  );
  const failed = byItem.filter((outcomes) => outcomes.some((one) => one === 'failed' || one === 'held-back'));
  const same = byItem.filter((outcomes) => outcomes.every((one) => one === 'same'));
  return { loaded: byItem.length - failed.length - same.length, same: same.length, failed: failed.length };
}
