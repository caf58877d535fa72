import type { ImportPlan } from '@gapferry/bundle';
import type { BlobReader, Digest, Run, Signer, Target } from '@gapferry/core';
import type { ImportOutcome } from '@gapferry/importer';
import { systemClock } from '../clock.ts';
import type { ImportSession } from './import-session.ts';
import { isLoadedLast, readReceipts, storeReceipt } from './receipts.ts';
import { targetPlaces } from './target-places.ts';

export interface ApplyForSite extends Pick<ImportSession, 'site' | 'ledger'> {
  readonly plan: ImportPlan;
  readonly medium: BlobReader;
  /** By name. */
  readonly targets: ReadonlyMap<string, Target>;
  /** See `StagePlan`; left out for what the site keeps already. */
  readonly keep?: ((run: Run) => Promise<void>) | undefined;
  /** sha256 of the plan file that the plan was held against; undefined where there is none. */
  readonly approved: Digest | undefined;
  /** The site's key. */
  readonly receiptSigner: Signer;
}

export interface AppliedForSite {
  readonly outcome: ImportOutcome;
  /** Where the receipt lies; undefined where there is none. */
  readonly receiptFile: string | undefined;
}

/** Applies a plan with the site's key, marks and ledger, and stores the receipt. Throws what `applyPlan` throws. */
export async function applyForSite(given: ApplyForSite, run: Run): Promise<AppliedForSite> {
  const { plan, medium, targets, site, ledger, receiptSigner } = given;
  const { applyPlan } = await import('@gapferry/importer');
  const earlier = await readReceipts(site.stateDirectory);
  const hasReceipt = isLoadedLast(earlier, plan.release.opened.release.channel, plan.statement);
  const state = { mark: site.mark, raiseMark: site.state.raiseMark };
  const outcome = await applyPlan(
    {
      plan,
      medium,
      targets,
      ledger,
      state,
      site: site.config.name,
      places: targetPlaces(site),
      receiptSigner,
      clock: systemClock,
      previousReceipt: earlier.at(-1)?.statement ?? null,
      hasReceipt,
      ...(given.keep !== undefined && { keep: given.keep }),
      ...(given.approved !== undefined && { approved: given.approved }),
    },
    run,
  );
  const receiptFile =
    outcome.receipt === undefined
      ? undefined
      : await storeReceipt(site.stateDirectory, outcome.receipt, earlier);
  return { outcome, receiptFile };
}
