import type { ImportPlan, Mark } from '@gapferry/bundle';
import type { BlobReader, Clock, Digest, Ledger, Run, Signer, Target } from '@gapferry/core';
import type { ImportOutcome } from './import-outcome.ts';

/** What the site remembers beside its ledger. */
export interface SiteMarks {
  mark(channel: string): Mark;
  /** On disk when it returns. */
  raiseMark(channel: string, mark: Mark): Promise<void> | void;
}

export interface ApplyPlan {
  readonly plan: ImportPlan;
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
  /** Content loads per target at a time; 4. */
  readonly concurrency?: number;
}

export declare function applyPlan(input: ApplyPlan, run: Run): Promise<ImportOutcome>;
