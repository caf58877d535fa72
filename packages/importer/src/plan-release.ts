import { type ImportPlan, planImport } from '@gapferry/bundle';
import type { Ledger, Run } from '@gapferry/core';
import { ownersIn } from './owners.ts';
import { type SurveyTargets, surveyTargets } from './survey-targets.ts';

export interface PlanRelease extends SurveyTargets {
  /** The site's: it knows which channel left what in which place. */
  readonly ledger: Ledger;
}

/** Surveys the targets and decides what an import does. Changes nothing. Throws what the survey throws, `TARGET_CONFLICT` naming every place that is not the channel's own and everything else in the way, and `FORBIDDEN` naming every permission that lacks. */
export async function planRelease(input: PlanRelease, run: Run): Promise<ImportPlan> {
  const { loads, permissions, obstacles } = await surveyTargets(input, run);
  run.emit({ kind: 'stage', stage: 'plan', items: loads.filter(({ content }) => content).length });
  return planImport(input.release, loads, ownersIn(input.ledger), permissions, obstacles);
}
