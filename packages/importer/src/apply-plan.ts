import { type ImportPlan, judgeMark, type Mark, raisedMark, requirePlanned } from '@gapferry/bundle';
import {
  type BlobReader,
  type Clock,
  checkRun,
  type Digest,
  formatTime,
  type Ledger,
  type Run,
  type Signer,
  type Target,
} from '@gapferry/core';
import { type ImportJournal, openJournal } from './import-journal.ts';
import type { ImportOutcome } from './import-outcome.ts';
import { makeRecord } from './import-record.ts';
import { type Monotonic, toTiming } from './import-timing.ts';
import { loadContent, proveContent } from './load-content.ts';
import { proveUnsent, requireAllProven } from './prove-pending.ts';
import { setNames } from './set-names.ts';
import { signReceipt } from './sign-receipt.ts';
import { type WatchedRun, watchRun } from './watch-run.ts';

/** What the site remembers beside its ledger. */
export interface SiteMarks {
  mark(channel: string): Mark;
  /** On disk when it returns. */
  raiseMark(channel: string, mark: Mark): Promise<void> | void;
}

export interface ApplyPlan {
  readonly plan: ImportPlan;
  /** Of an import in one pass the `onePassMedium` that the release was verified with. */
  readonly medium: BlobReader;
  /** By name. */
  readonly targets: ReadonlyMap<string, Target>;
  readonly ledger: Ledger;
  readonly state: SiteMarks;
  /** The site's name, for record and receipt. */
  readonly site: string;
  readonly receiptSigner: Signer;
  readonly clock: Clock;
  /** Digest of the statement of the site's receipt before; null for the first. */
  readonly previousReceipt: Digest | null;
  /** Does the site have a receipt with the status `loaded` for this release (`plan.statement`) already? */
  readonly hasReceipt: boolean;
  /** sha256 of the plan file that was approved, and that the plan was found to be the same as; goes into the ledger. */
  readonly approved?: Digest;
  /** Loads per target at a time; 4. */
  readonly concurrency?: number;
  /** Measures durations, which the clock cannot: it may be set meanwhile. `performance.now` unless given. */
  readonly monotonic?: Monotonic;
}

/** Does what the plan says, in this order: judge the mark again, intent into the ledger, raise the mark, content into every target, read all of it back (the barrier), names
 *  (attachments, images, charts, Git refs, files), the record into the ledger, the receipt. Run again after any failure it continues: what is there is not sent again.
 *  Throws before anything is visible for what fails before the barrier; what fails later is in the outcome (`partly-loaded`). Also throws `ROLLBACK` and `FORK` when another import
 *  came in between, `LEDGER_UNWRITABLE` at once wherever it happens, and `INTERRUPTED`. One import per site at a time: whoever calls holds the lock.
 *  `run`: a `watchRun` that saw the gates and the plan, so that the record has their warnings and how long verifying took; any other is watched from here on. */
export async function applyPlan(given: ApplyPlan, run: Run | WatchedRun): Promise<ImportOutcome> {
  const monotonic = given.monotonic ?? (() => performance.now());
  const input = { ...given, monotonic };
  const watched = 'account' in run ? run : watchRun(run, monotonic);
  const plan = requirePlanned(input.plan);
  checkRun(run);
  await proveUnsent(plan, input.medium, watched);
  const accepted = wasAccepted(input);
  const journal = openJournal(input);
  const beganAt = formatTime(input.clock.now());
  watched.emit({ kind: 'stage', stage: 'apply', items: plan.totals.items, bytes: plan.totals.bytes });
  const began = monotonic();
  const laps = { began, loaded: began, proved: began, named: began };
  journal.began();
  try {
    await raiseMark(input);
    const sent = await loadContent(input, watched);
    laps.loaded = monotonic();
    await proveContent(input, watched);
    const onePass = requireAllProven(plan, input.medium);
    laps.proved = monotonic();
    const named = await setNames(input, journal, sent, watched);
    laps.named = monotonic();
    const account = watched.account();
    const timing = toTiming(laps, sent, account.verification);
    const record = makeRecord({ ...input, accepted, beganAt, sent, named, timing, account, onePass });
    return await finish(input, journal, record, run);
  } catch (error) {
    journal.stopped(error);
    throw error;
  }
}

/** The mark may have risen since the plan was made. Throws `ROLLBACK` or `FORK`. */
function wasAccepted({ plan, state }: ApplyPlan): boolean {
  const { release, statement, override } = plan.release.opened;
  const mark = state.mark(release.channel);
  return judgeMark(mark, release, statement, override) === 'same' && mark.statement === statement;
}

async function raiseMark({ plan, state }: ApplyPlan): Promise<void> {
  const { release, statement } = plan.release.opened;
  const mark = state.mark(release.channel);
  const raised = raisedMark(mark, release, statement);
  const isRaised =
    mark.sequence === raised.sequence &&
    mark.statement === raised.statement &&
    mark.issuedAt === raised.issuedAt;
  if (!isRaised) await state.raiseMark(release.channel, raised);
}

async function finish(
  input: ApplyPlan,
  journal: ImportJournal,
  record: ImportOutcome['record'],
  run: Run,
): Promise<ImportOutcome> {
  const head = journal.finished(record);
  if (record.status === 'unchanged' && input.hasReceipt) return { kind: record.status, record };
  const receipt = await signReceipt(input, record, head, run);
  journal.receipted(receipt);
  return { kind: record.status, record, receipt };
}
