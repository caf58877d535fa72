import {
  GapferryError,
  isInterruption,
  type LoadOutcome,
  type OciTag,
  type Run,
  type ScanSummary,
} from '@gapferry/core';
import type { HarborPlace } from './harbor-place.ts';
import { labelArtifact } from './release-label.ts';
import { scanArtifact } from './scan-artifact.ts';

/** What the site wants of an image or chart once its name is set. The name stands: what fails here is told as a warning. */
export async function afterName(
  place: HarborPlace,
  name: OciTag,
  outcome: LoadOutcome,
  run: Run,
): Promise<LoadOutcome> {
  if (name.of === 'attachment') return outcome;
  if (place.labels) await orWarn(place, name, run, () => labelArtifact(place, name, run));
  if (place.scan.mode === 'none' || name.of !== 'image') return outcome;
  const scan = await orWarn(place, name, run, () => scanArtifact(place, name, run));
  return scan === undefined ? outcome : { ...outcome, scan: told(place, name, scan, run) };
}

async function orWarn<T>(
  { target }: HarborPlace,
  { item }: OciTag,
  run: Run,
  act: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof GapferryError) || isInterruption(error)) throw error;
    run.emit({
      kind: 'warning',
      item,
      message: `${item} is loaded into ${target}, but: ${error.message}`,
    });
    return undefined;
  }
}

function told({ target }: HarborPlace, { item }: OciTag, scan: ScanSummary, run: Run): ScanSummary {
  if (scan.status === 'done') return scan;
  const what = scan.status === 'failed' ? 'failed' : 'has not ended in the time that `scanWithin` gives it';
  run.emit({ kind: 'warning', item, message: `the scan of ${item} at target ${target} ${what}` });
  return scan;
}
