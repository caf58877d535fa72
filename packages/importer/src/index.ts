/**
 * The inside half as a list of named stages: select, open (first gate), verify (second gate), survey, plan, apply.
 *
 * It knows the ports of core, never an adapter; renders no output; reads no file and opens no socket itself.
 * What was not verified cannot be planned: the types do not allow it.
 *
 * Imported by the cli only, which passes the adapters in.
 */
export * from './apply-plan.ts';
export * from './channel-history.ts';
export * from './choose-pruned.ts';
export * from './count-items.ts';
export * from './find-drift.ts';
export { isOverrideSpent, type StayingName, stayingNames } from './going-back.ts';
export * from './import-entries.ts';
export * from './import-outcome.ts';
export type { ImportTiming, Measured, Monotonic } from './import-timing.ts';
export * from './imported-images.ts';
export * from './imported-repositories.ts';
export * from './measured-rates.ts';
export * from './open-on-medium.ts';
export { ownersIn } from './owners.ts';
export * from './plan-release.ts';
export type { NotRead } from './prove-pending.ts';
export { type ProvingMedium, provingMedium } from './proving-medium.ts';
export * from './prune-entries.ts';
export * from './prune-journal.ts';
export * from './prune-progress.ts';
export * from './prune-requests.ts';
export { pruneTarget } from './prune-target.ts';
export type { SiteMarks, StagePlan } from './reach-barrier.ts';
export * from './read-file-lists.ts';
export * from './read-for-names.ts';
export * from './read-ref-lists.ts';
export * from './readmit-release.ts';
export * from './select-release.ts';
export * from './stage-plan.ts';
export * from './survey-targets.ts';
export * from './told-trust.ts';
export * from './verify-release.ts';
export * from './watch-run.ts';
