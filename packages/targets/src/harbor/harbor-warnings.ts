import type { Load, Run } from '@gapferry/core';
import { placeNeeds } from '../registry-host/place-needs.ts';
import { sizeText } from '../registry-host/size-text.ts';
import type { HarborPlace } from './harbor-place.ts';
import { askFreeBytes, type HarborSystem } from './harbor-questions.ts';
import { missingIn } from './missing-in.ts';

/** Tells what is odd about the Harbor as a whole: nothing of it is sure to stop the import. */
export async function warnOfHarbor(
  place: HarborPlace,
  system: HarborSystem,
  wanted: readonly Load[],
  run: Run,
): Promise<void> {
  if (!system.onDisk) return;
  const bytes = placeNeeds(place, wanted).reduce((sum, need) => sum + missingIn(place, need), 0);
  const free = bytes === 0 ? undefined : await askFreeBytes(place.api, run);
  if (free !== undefined && free < bytes)
    warn(`its disk has ${sizeText(free)} free, and ${sizeText(bytes)} would be sent`);

  function warn(what: string): void {
    run.emit({ kind: 'warning', message: `Harbor (target ${place.target}): ${what}` });
  }
}
