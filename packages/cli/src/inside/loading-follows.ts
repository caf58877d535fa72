import type { Ledger, RunEvent } from '@gapferry/core';

/** Tells who shows the progress of verifying that the release is loaded afterwards, and how fast this site did that before. */
export async function loadingFollows(ledger: Ledger): Promise<RunEvent> {
  const { measuredRates } = await import('@gapferry/importer');
  const { loading } = measuredRates(ledger);
  return { kind: 'loading-follows', ...(loading !== undefined && { rate: loading }) };
}
