import type { OverrideOrder, VerifiedRelease } from '@gapferry/bundle';
import { type BlobReader, GapferryError, type ReleaseAddress, type Run } from '@gapferry/core';
import { openPlace } from '../open-place.ts';
import type { ImportSession } from './import-session.ts';
import { verifyForSite } from './judge-release.ts';
import type { WantedRelease } from './wanted-release.ts';

/** A release that passed both gates, and where its bytes are. */
export interface AdmittedRelease {
  readonly release: VerifiedRelease;
  readonly medium: BlobReader;
}

export interface AdmitRelease extends Pick<ImportSession, 'site' | 'ledger'> {
  readonly onePass: boolean;
  readonly order: OverrideOrder | undefined;
  /** Called with the release that is meant, before it is read at length. */
  readonly before: (address: ReleaseAddress) => void;
}

/** Finds the release that is wanted and takes it through both gates. Throws what `openPlace` and `verifyForSite` throw. */
export async function admitRelease(
  wanted: WantedRelease,
  { site, onePass, order, before }: AdmitRelease,
  run: Run,
): Promise<AdmittedRelease> {
  const given = { onePass, ...(order !== undefined && { override: order }) };
  if (wanted.from === 'site')
    throw new GapferryError({
      code: 'USAGE',
      message: 'name a medium',
      hint: 'import DIR --to CHANNEL/NUMBER',
    });
  const place = await openPlace(wanted.place, { onePass });
  before(place.address);
  return { release: await verifyForSite(place, site, run, given), medium: place.medium };
}
