import type { ImportPlan, PlanStep } from '@gapferry/bundle';
import {
  type BatchTarget,
  GapferryError,
  inLanes,
  isBatchTarget,
  isInterruption,
  type LoadOutcome,
  type NameLoad,
  type Run,
  type Target,
} from '@gapferry/core';
import type { ImportJournal } from './import-journal.ts';
import { lengthOf, type Monotonic, type Span, spanOf } from './import-timing.ts';
import { inStep } from './in-step.ts';
import type { SendableBlobs } from './prove-pending.ts';
import { requireTarget } from './require-target.ts';

export interface SetNames {
  readonly plan: ImportPlan;
  readonly medium: SendableBlobs;
  readonly targets: ReadonlyMap<string, Target>;
  readonly concurrency?: number;
  readonly monotonic: Monotonic;
}

/** How setting one name ended. */
export type NameOutcome = NameSet | { readonly state: 'failed'; readonly error: GapferryError };

/** `ms`: how long it took, where it was set alone. */
type NameSet = LoadOutcome & { readonly ms?: number };

/** What points at something comes after what it points at: a chart names images, a Git repository names both. Whoever asks for an image's signature must find it when the image is there. */
const PHASES: ReadonlyArray<(name: NameLoad) => boolean> = [
  (name) => name.kind === 'oci' && name.of === 'attachment',
  (name) => name.kind === 'oci' && name.of === 'image',
  (name) => name.kind === 'oci' && name.of === 'chart',
  (name) => name.kind === 'git',
  (name) => name.kind === 'file',
];

/** Makes everything visible, phase by phase, each completed at every target before the next. When something fails the others of its phase go on and the next phases do not begin:
 *  their steps have no outcome, unless their names stand already. Throws only for what stops everything: interruption, the ledger, our own bugs. */
export async function setNames(
  input: SetNames,
  journal: ImportJournal,
  sent: ReadonlyMap<PlanStep, LoadOutcome>,
  run: Run,
): Promise<ReadonlyMap<PlanStep, NameOutcome>> {
  const outcomes = new Map<PlanStep, NameOutcome>();
  for (const step of input.plan.steps)
    if (step.nameAction === 'same') outcomes.set(step, { state: 'same', bytes: 0 });
  for (const isInPhase of PHASES) {
    const steps = input.plan.steps.filter((step) => isInPhase(step.name));
    await setPhase(input, journal, steps, outcomes, run);
    for (const step of steps) tell(step, outcomes.get(step), sent.get(step), run);
    if ([...outcomes.values()].some(({ state }) => state === 'failed')) break;
  }
  return outcomes;
}

async function setPhase(
  input: SetNames,
  journal: ImportJournal,
  steps: readonly PlanStep[],
  outcomes: Map<PlanStep, NameOutcome>,
  run: Run,
): Promise<void> {
  for (const step of steps)
    if (step.nameAction === 'same' && !journal.knows(step)) journal.named(step, 'found');
  const wanting = steps.filter((step) => step.nameAction !== 'same');
  const byTarget = [...Map.groupBy(wanting, (step) => step.target)];
  await inLanes(
    byTarget,
    byTarget.length,
    async ([name, own], inner) => {
      journal.naming(name, own);
      const target = requireTarget(input.targets, name);
      const record = (step: PlanStep, outcome: NameOutcome): void => {
        outcomes.set(step, outcome);
        if (outcome.state !== 'failed') journal.named(step);
      };
      if (!isBatchTarget(target) || !(await setTogether(target, own, input.medium, record, inner)))
        await setEach(target, own, input, record, inner);
    },
    run,
  );
}

type RecordName = (step: PlanStep, outcome: NameOutcome) => void;

/** False when the target refused the whole: then each is tried alone, to find which ones cannot be set and to set the others. */
async function setTogether(
  target: BatchTarget,
  steps: readonly PlanStep[],
  medium: SendableBlobs,
  record: RecordName,
  run: Run,
): Promise<boolean> {
  const outcomes = await settled(() =>
    target.loadNames(
      steps.map((step) => step.name),
      medium,
      run,
    ),
  );
  if (outcomes instanceof GapferryError) return false;
  for (const [i, step] of steps.entries()) record(step, outcomes[i] ?? { state: 'loaded', bytes: 0 });
  return true;
}

async function setEach(
  target: Target,
  steps: readonly PlanStep[],
  input: SetNames,
  record: RecordName,
  run: Run,
): Promise<void> {
  const set = async (step: PlanStep, inner: Run): Promise<void> => {
    const load = (): Promise<LoadOutcome> => target.load(step.name, input.medium, inner);
    const outcome = await settled(() => spanOf(input.monotonic, () => inStep(step, load)));
    record(
      step,
      outcome instanceof GapferryError ? { state: 'failed', error: outcome } : withLength(outcome),
    );
  };
  await inLanes(steps, input.concurrency ?? 4, set, run);
}

function withLength({ began, ended, ...outcome }: LoadOutcome & Span): NameSet {
  return { ...outcome, ms: lengthOf({ began, ended }) };
}

/** An error of the target becomes a value; an interruption and anything unforeseen goes on. */
async function settled<T>(act: () => Promise<T>): Promise<T | GapferryError> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof GapferryError && !isInterruption(error)) return error;
    throw error;
  }
}

function tell(
  step: PlanStep,
  name: NameOutcome | undefined,
  content: LoadOutcome | undefined,
  run: Run,
): void {
  if (name === undefined || name.state === 'failed') {
    if (name !== undefined) run.emit({ kind: 'warning', item: step.item, message: name.error.message });
    return;
  }
  if (step.content === undefined) return;
  const same = name.state === 'same' && (content?.state ?? 'same') === 'same';
  const bytes = name.bytes + (content?.bytes ?? 0);
  run.emit({ kind: 'item-done', item: step.item, outcome: same ? 'same' : 'done', bytes });
}
