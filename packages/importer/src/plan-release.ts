import { type ImportPlan, planImport } from '@gapferry/bundle';
import type { Ledger, Run } from '@gapferry/core';
import { ownersIn } from './owners.ts';
import { type SurveyTargets, surveyTargets } from './survey-targets.ts';

export interface PlanRelease extends SurveyTargets {
  /** The site's: it knows which channel left what in which place. */
  readonly ledger: Ledger;
}

/** Surveys the targets and decides what an import does. Changes nothing. Throws what the survey and `planImport` throw: everything that is in the way, at all targets at once. */
export async function planRelease(input: PlanRelease, run: Run): Promise<ImportPlan> {
  const { loads, permissions, obstacles, failures } = await surveyTargets(input, run);
  run.emit({ kind: 'stage', stage: 'plan', items: loads.filter(({ content }) => content).length });
  return planImport(input.release, loads, ownersIn(input.ledger), permissions, obstacles, failures);
}
