import type { Digest, Run } from '@gapferry/core';
import { beginPlan, orStopped, reachBarrier, type StagePlan } from './reach-barrier.ts';
import type { WatchedRun } from './watch-run.ts';

/** A release whose content is at its targets, read back, and of which nothing was made visible. */
export interface StagedOutcome {
  readonly kind: 'staged';
  readonly channel: string;
  readonly bundle: string;
  readonly version: string;
  readonly sequence: number;
  readonly statement: Digest;
  /** RFC 3339, UTC. */
  readonly at: string;
  /** Names of targets, sorted. */
  readonly targets: readonly string[];
  readonly items: number;
  /** Names that activating will set; 0 where the release is loaded already. */
  readonly names: number;
  /** Bytes that were sent. */
  readonly bytes: number;
}

/** The first half of `applyPlan`, to the barrier; activating the release does the rest. There is no record and no receipt: nothing is loaded yet. Run again it proves everything again, and sends what is missing. Throws what `applyPlan` throws, and all that fails. */
export async function stagePlan(given: StagePlan, run: Run | WatchedRun): Promise<StagedOutcome> {
  const begun = await beginPlan(given, run);
  const { plan } = given;
  return await orStopped(begun, async () => {
    const { sent } = await reachBarrier(begun);
    const targets = [...new Set(plan.steps.map(({ target }) => target))].sort();
    const names = plan.steps.filter(({ nameAction }) => nameAction !== 'same').length;
    const { items } = plan.totals;
    const at = begun.journal.staged({ targets, items, names });
    const { bundle, version, channel, sequence } = plan.release.opened.release;
    const { statement } = plan;
    const bytes = [...sent.values()].reduce((sum, outcome) => sum + outcome.bytes, 0);
    return {
      kind: 'staged',
      channel,
      bundle,
      version,
      sequence,
      statement,
      at,
      targets,
      items,
      names,
      bytes,
    };
  });
}
