import { GapferryError } from '@gapferry/core';
import { type DepotPlace, factsOf } from './depot-place.ts';
import { blobsDirectory } from './layout.ts';
import { PLUG_IN_AGAIN } from './storage-error.ts';

/** Tells "these blobs are missing" from "the medium was pulled out". Throws `STORAGE_FAILED` for the latter. */
export async function requirePresent(place: DepotPlace): Promise<void> {
  const directory = blobsDirectory(place.directory);
  if ((await factsOf(place, directory))?.isDirectory()) return;
  throw gone(place, `${directory} is not there`);
}

export function gone(place: DepotPlace, reason: string): GapferryError {
  return new GapferryError({
    code: 'STORAGE_FAILED',
    message: `${place.directory} cannot be read any more: ${reason}`,
    hint: PLUG_IN_AGAIN,
    origin: place.origin,
    data: { path: place.directory },
  });
}
