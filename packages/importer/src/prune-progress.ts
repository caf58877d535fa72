import type { Digest, Ledger } from '@gapferry/core';
import { PRUNE_ENTRIES } from './prune-entries.ts';

/** How far what was approved by this prune file has come: undefined while nobody began it, `begun` while something of it may be there, also because it stayed, `done` (and when, RFC 3339) after all of it went. */
export type PruneProgress = { readonly state: 'begun' } | { readonly state: 'done'; readonly at: string };

export function pruneProgress(ledger: Ledger, plan: Digest): PruneProgress | undefined {
  let progress: PruneProgress | undefined;
  for (const { kind, at, data } of ledger.history([PRUNE_ENTRIES.began, PRUNE_ENTRIES.finished])) {
    if (data['plan'] !== plan) continue;
    const isDone = kind === PRUNE_ENTRIES.finished && data['stayed'] === 0;
    progress = isDone ? { state: 'done', at } : { state: 'begun' };
  }
  return progress;
}
