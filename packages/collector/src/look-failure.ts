import type { BundleConfig } from '@gapferry/bundle';
import { type Confidence, isGapferryError } from '@gapferry/core';
import { isContentFault } from './content-fault.ts';
import { failedVerdict, type Verdict } from './judge-reference.ts';
import { reasonOf } from './naming.ts';
import type { Change } from './pointer.ts';

/** What it means that something that is there could not be looked into from where a reference points: that may be for what is open about it where it is not sure, and is told then. What is not there at all
 *  is not needed then. */
export function lookFailure(
  reference: { readonly confidence: Confidence },
  called: NonNullable<Verdict['called']>,
  error: unknown,
  config: BundleConfig,
): Change {
  const isMissing = isGapferryError(error, 'SOURCE_NOT_FOUND');
  if (reference.confidence !== 'certain' && isContentFault(error) && !isMissing)
    return { open: [`it is not looked into: ${reasonOf(error)}`] };
  return failedVerdict(reference, called, error, config);
}
