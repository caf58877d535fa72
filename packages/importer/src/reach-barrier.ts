import { type ImportPlan, judgeMark, type Mark, raisedMark, requirePlanned } from '@gapferry/bundle';
import {
  type BlobReader,
  type Clock,
  checkRun,
  type Digest,
  formatTime,
  type Ledger,
  type Run,
  type Target,
} from '@gapferry/core';
import { type ImportJournal, openJournal } from './import-journal.ts';
import type { Monotonic } from './import-timing.ts';
import { loadContent, proveContent, type SentContent } from './load-content.ts';
import {
  type PendingRead,
  proveUnsent,
  requireAllProven,
  type SendableBlobs,
  sendableBlobs,
} from './prove-pending.ts';
import { type WatchedRun, watchRun } from './watch-run.ts';

/** What the site remembers beside its ledger. */
export interface SiteMarks {
  mark(channel: string): Mark;
  /** On disk when it returns. */
  raiseMark(channel: string, mark: Mark): Promise<void> | void;
}

/** What an import needs to come as far as the barrier. */
export interface StagePlan {
  readonly plan: ImportPlan;
  /** Where the release has pending blobs the `provingMedium` that it was verified with. */
  readonly medium: BlobReader;
  /** By name. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly ledger: Ledger;
  readonly state: SiteMarks;
  /** The site's name, for ledger, record and receipt. */
  readonly site: string;
  readonly clock: Clock;
  /** Writes down what the site keeps of the release when its medium is gone (`readForNames`); on disk when it returns. Left out where the site has it. */
  readonly keep?: (run: Run) => Promise<void>;
  /** sha256 of the plan file that was approved, and that the plan was found to be the same as; goes into the ledger. */
  readonly approved?: Digest;
  /** Digests of what the site file says of where each target is; they go into the ledger. */
  readonly places?: Readonly<Record<string, Digest>>;
  /** Loads per target at a time; 4. */
  readonly concurrency?: number;
  /** Measures durations, which the clock cannot: it may be set meanwhile. `performance.now` unless given. */
  readonly monotonic?: Monotonic;
}

/** An import whose intent stands in the ledger. */
export interface Begun<T extends StagePlan> {
  readonly input: T & { readonly monotonic: Monotonic };
  /** What targets read from. */
  readonly blobs: SendableBlobs;
  readonly journal: ImportJournal;
  readonly run: WatchedRun;
  /** Was this release accepted before? */
  readonly accepted: boolean;
  /** RFC 3339, UTC. */
  readonly beganAt: string;
  /** By `monotonic`. */
  readonly began: number;
}

/** Judges the mark again, proves what no stream would, and writes the intent into the ledger. `run`: see `applyPlan`. Throws `ROLLBACK`, `FORK`, `LEDGER_UNWRITABLE`, and what `proveUnsent` throws. */
export async function beginPlan<T extends StagePlan>(given: T, run: Run | WatchedRun): Promise<Begun<T>> {
  const monotonic = given.monotonic ?? (() => performance.now());
  const input = { ...given, monotonic };
  const watched = 'account' in run ? run : watchRun(run, monotonic);
  const plan = requirePlanned(input.plan);
  checkRun(run);
  await proveUnsent(plan, input.medium, watched);
  const blobs = sendableBlobs(plan, input.medium);
  const accepted = wasAccepted(input);
  const journal = openJournal(input);
  const beganAt = formatTime(input.clock.now());
  watched.emit({ kind: 'stage', stage: 'apply', items: plan.totals.items, bytes: plan.totals.bytes });
  const began = monotonic();
  journal.began();
  return { input, blobs, journal, run: watched, accepted, beganAt, began };
}

/** Everything is at its targets and was read back; nothing has a name. Times by `monotonic`. */
export interface AtBarrier {
  readonly sent: ReadonlyMap<ImportPlan['steps'][number], SentContent>;
  readonly pending: PendingRead;
  readonly loaded: number;
  readonly proved: number;
}

/** What is kept of the release, the mark, then content into every target, then the barrier. */
export async function reachBarrier({ input, blobs, run }: Begun<StagePlan>): Promise<AtBarrier> {
  await input.keep?.(run);
  await raiseMark(input);
  const sent = await loadContent({ ...input, medium: blobs }, run);
  const loaded = input.monotonic();
  await proveContent(input, run);
  const pending = requireAllProven(input.plan, input.medium);
  return { sent, pending, loaded, proved: input.monotonic() };
}

/** What stops `act` is written into the ledger, and thrown. */
export async function orStopped<T>({ journal }: Begun<StagePlan>, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    journal.stopped(error);
    throw error;
  }
}

/** The mark may have risen since the plan was made. Throws `ROLLBACK` or `FORK`. */
function wasAccepted({ plan, state }: StagePlan): boolean {
  const { release, statement, override } = plan.release.opened;
  const mark = state.mark(release.channel);
  return judgeMark(mark, release, statement, override) === 'same' && mark.statement === statement;
}

async function raiseMark({ plan, state }: StagePlan): Promise<void> {
  const { release, statement } = plan.release.opened;
  const mark = state.mark(release.channel);
  const raised = raisedMark(mark, release, statement);
  const isRaised =
    mark.sequence === raised.sequence &&
    mark.statement === raised.statement &&
    mark.issuedAt === raised.issuedAt;
  if (!isRaised) await state.raiseMark(release.channel, raised);
}
