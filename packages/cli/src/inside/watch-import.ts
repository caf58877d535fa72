import type { Run } from '@gapferry/core';
import type { WatchedRun } from '@gapferry/importer';

/** A run that remembers for the import record what was warned of and how long verifying took: to be passed to everything from the first gate on. */
export async function watchImport(run: Run): Promise<WatchedRun> {
  const { watchRun } = await import('@gapferry/importer');
  return watchRun(run, () => performance.now());
}
