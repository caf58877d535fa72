import type { Digest, JsonValue, Ledger, PruneStep } from '@gapferry/core';
import { inEntries } from './in-entries.ts';

/** What a prune writes into the site's ledger, in this order. Every entry has `plan`, the digest of what was approved. */
export const PRUNE_ENTRIES = {
  /** Before the first effect: `site`, `keep`, `channels`: what stays and what goes of each. */
  began: 'prune.began',
  /** Before something goes: `target`, `channel`, `steps`; several entries when they do not fit into one. */
  removing: 'prune.removing',
  /** After it: `target`, `channel`, `steps` with `outcome` each, and `why` of what stays. */
  removed: 'prune.removed',
  /** `removed`, `stayed`: how many. */
  finished: 'prune.finished',
  /** Instead of `finished`: the `code` and `message` of what stopped it. */
  stopped: 'prune.stopped',
} as const;

export interface PruneAt {
  readonly target: string;
  readonly channel: string;
}

export interface DoneStep {
  readonly place: string;
  readonly outcome: 'removed' | 'gone' | 'stays';
  readonly why?: string;
}

/** One prune's lines in the ledger. Everything but `stopped` throws `LEDGER_UNWRITABLE`, and whoever was about to act does not. */
export interface PruneJournal {
  began(data: Record<string, JsonValue>): void;
  removing(at: PruneAt, steps: readonly PruneStep[]): void;
  removed(at: PruneAt, steps: readonly DoneStep[]): void;
  finished(counts: { readonly removed: number; readonly stayed: number }): void;
  stopped(code: string, message: string): void;
}

export function openPruneJournal(ledger: Ledger, plan: Digest): PruneJournal {
  const append = (kind: string, data: Record<string, JsonValue>): void => {
    ledger.append(kind, { plan, ...data });
  };
  return {
    began: (data) => append(PRUNE_ENTRIES.began, data),
    removing: (at, steps) => {
      for (const some of inEntries(steps.map(({ place, what }) => ({ place, what }))))
        append(PRUNE_ENTRIES.removing, { ...at, steps: some });
    },
    removed: (at, steps) => {
      for (const some of inEntries(steps.map((step) => ({ ...step }))))
        append(PRUNE_ENTRIES.removed, { ...at, steps: some });
    },
    finished: (counts) => append(PRUNE_ENTRIES.finished, { ...counts }),
    stopped: (code, message) => {
      try {
        append(PRUNE_ENTRIES.stopped, { code, message });
      } catch {
        // What stopped the prune is about to be thrown.
      }
    },
  };
}
