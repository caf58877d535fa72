import type { ReleaseAddress } from '@gapferry/core';
import type { Depot } from '@gapferry/depot';
import { provingMedium, selectRelease } from '@gapferry/importer';
import { formatReleasePlace, type ReleasePlace } from './release-place.ts';

export interface OpenPlace {
  readonly medium: Depot;
  readonly address: ReleaseAddress;
  /** For people: `stick#line-a/17`. */
  readonly shown: string;
}

/** Opens a depot or medium for reading and chooses the release that is meant. Writes nothing there. `proving`: it remembers which of its blobs were read and right. Throws `RELEASE_NOT_FOUND`, `RELEASE_AMBIGUOUS`. */
export async function openPlace(
  place: ReleasePlace,
  { proving = false }: { readonly proving?: boolean } = {},
): Promise<OpenPlace> {
  const { openDepot } = await import('@gapferry/depot');
  const medium = await openDepot(place.directory, { readOnly: true, origin: 'medium' });
  const { channel, sequence } = place;
  const address = selectRelease(await medium.listReleases(), {
    place: place.directory,
    ...(channel !== undefined && { channel }),
    ...(sequence !== undefined && { sequence }),
  });
  return {
    medium: proving ? provingMedium(medium) : medium,
    address,
    shown: formatReleasePlace(place.directory, address),
  };
}
