import type { ImportPlan, PlanStep } from '@gapferry/bundle';
import {
  type ContentLoad,
  inLanes,
  isBatchTarget,
  type LoadOutcome,
  type Run,
  type Target,
} from '@gapferry/core';
import { damagedOnMedium } from './damaged-on-medium.ts';
import { type Monotonic, type Span, spanOf } from './import-timing.ts';
import { inStep } from './in-step.ts';
import type { SendableBlobs } from './prove-pending.ts';
import { requireTarget } from './require-target.ts';
import { sharedReads, wantedOften } from './shared-reads.ts';

export interface LoadContent {
  readonly plan: ImportPlan;
  readonly medium: SendableBlobs;
  readonly targets: ReadonlyMap<string, Target>;
  readonly concurrency?: number;
  readonly monotonic: Monotonic;
}

/** How sending the content of one step ended, and when. */
export type SentContent = LoadOutcome & Span;

/** Loads of Git content at a time per target: each runs processes of its own that use several cores. */
const GIT_CONCURRENCY = 2;

/** Makes bytes present at every target, visible to nobody. The first failure stops all. Outcomes by the step's position in the plan; steps whose content was there have none. */
export async function loadContent(input: LoadContent, run: Run): Promise<ReadonlyMap<PlanStep, SentContent>> {
  const sent = new Map<PlanStep, SentContent>();
  const sending = input.plan.steps.filter(hasContent).filter(isSent);
  const medium = sharedReads(input.medium, wantedOften(sending));
  const lanes = [...Map.groupBy(sending, laneOf).values()];
  const load = async (step: ContentStep, inner: Run): Promise<void> => {
    inner.emit({ kind: 'item-started', item: step.item, bytes: step.bytes });
    const target = requireTarget(input.targets, step.target);
    const send = (): Promise<LoadOutcome> => target.load(step.content, medium, inner);
    sent.set(step, await spanOf(input.monotonic, () => damagedOnMedium(() => inStep(step, send))));
  };
  await inLanes(
    lanes,
    lanes.length,
    (steps, inner) => inLanes(steps, limitOf(steps, input.concurrency ?? 4), load, inner),
    run,
  );
  return sent;
}

function isSent(step: PlanStep): boolean {
  return step.contentAction === 'send';
}

/** All but the tags of attachments: their content goes with the item's. */
type ContentStep = PlanStep & { readonly content: ContentLoad };

function hasContent(step: PlanStep): step is ContentStep {
  return step.content !== undefined;
}

function laneOf({ target, content }: ContentStep): string {
  return content.kind === 'git' ? `${target} git` : target;
}

function limitOf(steps: readonly ContentStep[], concurrency: number): number {
  return steps[0]?.content.kind === 'git' ? Math.min(GIT_CONCURRENCY, concurrency) : concurrency;
}

/** The barrier: every content load of the plan is read back from its target, also those that were there before. Nothing has a name until this returns. */
export async function proveContent(
  input: Omit<LoadContent, 'medium' | 'monotonic'>,
  run: Run,
): Promise<void> {
  const byTarget = [...Map.groupBy(input.plan.steps.filter(hasContent), (step) => step.target)];
  await inLanes(
    byTarget,
    byTarget.length,
    ([name, steps], inner) =>
      proveAt(requireTarget(input.targets, name), steps, input.concurrency ?? 4, inner),
    run,
  );
}

async function proveAt(
  target: Target,
  steps: readonly ContentStep[],
  concurrency: number,
  run: Run,
): Promise<void> {
  if (isBatchTarget(target)) {
    const loads = steps.map((step) => step.content);
    await target.readBackAll(loads, run);
    return;
  }
  await inLanes(
    steps,
    concurrency,
    (step, inner) => inStep(step, () => target.readBack(step.content, inner)),
    run,
  );
}
