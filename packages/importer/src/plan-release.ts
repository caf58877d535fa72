import { type ImportPlan, planImport } from '@gapferry/bundle';
import type { Ledger, Run } from '@gapferry/core';
import { ownersIn } from './owners.ts';
import { type SurveyTargets, surveyTargets } from './survey-targets.ts';

export interface PlanRelease extends SurveyTargets {
  /** The site's: it knows which channel left what in which place. */
  readonly ledger: Ledger;
}

/** Surveys the targets and decides what an import does. Changes nothing. Throws what the survey throws, and `TARGET_CONFLICT` naming every place that is not the channel's own. */
export async function planRelease(input: PlanRelease, run: Run): Promise<ImportPlan> {
  const surveyed = await surveyTargets(input, run);
  run.emit({ kind: 'stage', stage: 'plan', items: surveyed.filter(({ content }) => content).length });
  return planImport(input.release, surveyed, ownersIn(input.ledger));
}
