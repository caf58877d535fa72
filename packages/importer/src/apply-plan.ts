import type { Digest, Run, Signer } from '@gapferry/core';
import type { ImportJournal } from './import-journal.ts';
import type { ImportOutcome } from './import-outcome.ts';
import { makeRecord } from './import-record.ts';
import { toTiming } from './import-timing.ts';
import { beginPlan, orStopped, reachBarrier, type StagePlan } from './reach-barrier.ts';
import { setNames } from './set-names.ts';
import { signReceipt } from './sign-receipt.ts';
import type { WatchedRun } from './watch-run.ts';

export interface ApplyPlan extends StagePlan {
  readonly receiptSigner: Signer;
  /** Digest of the statement of the site's receipt before; null for the first. */
  readonly previousReceipt: Digest | null;
  /** Is the site's last receipt of the channel one with the status `loaded` for this release (`plan.statement`)? */
  readonly hasReceipt: boolean;
}

/** Does what the plan says, in this order: judge the mark again, intent into the ledger, what the site keeps of the release, raise the mark, content into every target, read all of it back (the barrier), names
 *  (attachments, images, charts, Git refs, files), the record into the ledger, the receipt. Run again after any failure it continues: what is there is not sent again.
 *  Throws before anything is visible for what fails before the barrier; what fails later is in the outcome (`partly-loaded`). Also throws `ROLLBACK` and `FORK` when another import
 *  came in between, `LEDGER_UNWRITABLE` at once wherever it happens, and `INTERRUPTED`. One import per site at a time: whoever calls holds the lock.
 *  `run`: a `watchRun` that saw the gates and the plan, so that the record has their warnings and how long verifying took; any other is watched from here on. */
export async function applyPlan(given: ApplyPlan, run: Run | WatchedRun): Promise<ImportOutcome> {
  const begun = await beginPlan(given, run);
  const { input, blobs, journal, accepted, beganAt, began } = begun;
  const act = async (): Promise<ImportOutcome> => {
    const { sent, pending, loaded, proved } = await reachBarrier(begun);
    const named = await setNames({ ...input, medium: blobs }, journal, sent, begun.run);
    const account = begun.run.account();
    const laps = { began, loaded, proved, named: input.monotonic() };
    const timing = toTiming(laps, sent, account.verification);
    const record = makeRecord({ ...input, accepted, beganAt, sent, named, timing, account, pending });
    return await finish(input, journal, record, run);
  };
  return await orStopped(begun, act);
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
