import { checkRun, type PruneRequest, type PruneStep, type PruneTarget, type Run } from '@gapferry/core';
import type { DoneStep, PruneAt, PruneJournal } from './prune-journal.ts';

/** Steps between two lines of the ledger. */
const AT_ONCE = 100;

/** Takes away what was told at one target, in its order: intent into the ledger, effect, outcome. What cannot go stays and is told. Killed in between, another prune finds what is left. */
export async function pruneTarget(
  target: PruneTarget,
  steps: readonly PruneStep[],
  request: PruneRequest,
  journal: PruneJournal,
  run: Run,
): Promise<readonly DoneStep[]> {
  const at: PruneAt = { target: target.name, channel: request.channel };
  const going = steps.filter(({ stays }) => stays === undefined);
  const done: DoneStep[] = [];
  for (let from = 0; from < going.length; from += AT_ONCE) {
    const some = going.slice(from, from + AT_ONCE);
    journal.removing(at, some);
    const outcomes: DoneStep[] = [];
    try {
      for (const step of some) {
        checkRun(run);
        const outcome = await target.prune(step, request, run);
        outcomes.push({
          place: step.place,
          outcome: outcome.state,
          ...(outcome.state === 'stays' && { why: outcome.why }),
        });
      }
    } finally {
      if (outcomes.length > 0) journal.removed(at, outcomes);
    }
    done.push(...outcomes);
  }
  return done;
}
