import { type ImportPlan, planImport, type SurveyedLoads } from '@gapferry/bundle';
import { type Ledger, type Run, roomFailure, type TargetRoom } from '@gapferry/core';
import { measuredRates } from './measured-rates.ts';
import { ownersIn } from './owners.ts';
import { proveToSend } from './prove-pending.ts';
import { type SurveyTargets, surveyTargets } from './survey-targets.ts';

export interface PlanRelease extends SurveyTargets {
  /** The site's: it knows which channel left what in which place, and how fast imports were. */
  readonly ledger: Ledger;
  /** Room that loading takes at the site itself, beside that at its targets. */
  readonly siteRoom?: (loads: readonly SurveyedLoads[]) => Promise<readonly TargetRoom[]>;
}

/** Surveys the targets and decides what an import does; of a release that was admitted here before, what would be sent is hashed now. Changes nothing. Throws what the survey and `planImport` throw: everything that is in the way, at all targets at once; then what `proveToSend` throws. */
export async function planRelease(input: PlanRelease, run: Run): Promise<ImportPlan> {
  const { loads, permissions, obstacles, ...survey } = await surveyTargets(input, run);
  const room = [...survey.room, ...((await input.siteRoom?.(loads)) ?? [])];
  const failures = [...survey.failures, ...room.flatMap((one) => roomFailure(one) ?? [])];
  const rates = measuredRates(input.ledger);
  const owners = ownersIn(input.ledger);
  const { release } = input;
  const tell = (): void =>
    run.emit({ kind: 'stage', stage: 'plan', items: loads.filter(({ content }) => content).length });
  // Whoever measures verifying must not measure how long somebody looked at the plan.
  if (release.admitted === undefined) tell();
  const plan = planImport(release, loads, owners, permissions, obstacles, failures, { room, rates });
  await proveToSend(plan, input, run);
  if (release.admitted !== undefined) tell();
  return plan;
}
