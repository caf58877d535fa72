import type { BlobReader } from './blobs.ts';
import type { Run } from './run.ts';
import type { ContentLoad, Load, LoadOutcome, NameLoad, Target } from './target.ts';

/** A target that can judge a whole release before its first write. */
export interface PreflightTarget extends Target {
  /** Looks only. Throws `NAME_UNSAFE` for places that cannot be written or fall together, naming the items, and `TARGET_CONFLICT` for places that take nothing.
   *  `from`: the medium, for targets that compare what is there with what would come. */
  preflight(loads: readonly Load[], run: Run, from?: BlobReader): Promise<void>;
}

export function hasPreflight(target: Target): target is PreflightTarget {
  return 'preflight' in target && typeof target.preflight === 'function';
}

/** A target that does many loads in less work than one after the other. The outcome is the same as with single loads. */
export interface BatchTarget extends Target {
  /** Sets the names in the order given; neighbouring loads of one kind may become visible together. Outcomes are in the order of `loads`.
   *  Conflicts among neighbours of one kind are found before the first of them is written. */
  loadNames(loads: readonly NameLoad[], from: BlobReader, run: Run): Promise<readonly LoadOutcome[]>;
  /** The barrier for many loads: what several of them share is read once. Throws like `readBack`. */
  readBackAll(loads: readonly ContentLoad[], run: Run): Promise<void>;
}

export function isBatchTarget(target: Target): target is BatchTarget {
  return 'loadNames' in target && 'readBackAll' in target;
}
