import type { LookUpOwner } from '@gapferry/bundle';
import type { Digest, JsonValue, Ledger, PruneStep } from '@gapferry/core';
import { inEntries } from './in-entries.ts';
import { ownersIn } from './owners.ts';
import { PRUNE_ENTRIES } from './prune-entries.ts';

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
  /** Does the ledger say that the channel left something in this place? */
  owns(at: PruneAt, place: string): boolean;
  freed(at: PruneAt, places: readonly string[]): void;
  finished(counts: { readonly removed: number; readonly stayed: number }): void;
  stopped(code: string, message: string): void;
}

export function openPruneJournal(ledger: Ledger, plan: Digest): PruneJournal {
  const append = (kind: string, data: Record<string, JsonValue>): void => {
    ledger.append(kind, { plan, ...data });
  };
  let owners: LookUpOwner | undefined;
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
    owns: ({ target, channel }, place) => {
      owners ??= ownersIn(ledger);
      return owners(target, place)?.channel === channel;
    },
    freed: (at, places) => {
      for (const some of inEntries(places)) append(PRUNE_ENTRIES.freed, { ...at, places: some });
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
