import type { OverrideOrder, VerifiedRelease } from '@gapferry/bundle';
import {
  type BlobReader,
  type Digest,
  formatReleaseAddress,
  GapferryError,
  type ReleaseAddress,
  type Run,
} from '@gapferry/core';
import { openPlace } from '../open-place.ts';
import type { ImportSession } from './import-session.ts';
import { readmitForSite, verifyForSite } from './judge-release.ts';
import { keepRelease } from './keep-release.ts';
import { findKeptRelease } from './kept-releases.ts';
import type { TrustedSite } from './open-site.ts';
import { withWayBack } from './order-back.ts';
import { readReceipts } from './receipts.ts';
import type { WantedRelease } from './wanted-release.ts';

/** A release that passed both gates, and where its bytes are. */
export interface AdmittedRelease {
  readonly release: VerifiedRelease;
  readonly medium: BlobReader;
  /** Writes down what the site keeps of it, before the first effect; undefined for what the site keeps already. */
  readonly keep: ((run: Run) => Promise<void>) | undefined;
}

export interface AdmitRelease extends Pick<ImportSession, 'site' | 'ledger'> {
  readonly onePass: boolean;
  readonly order: OverrideOrder | undefined;
  /** Called with the release that is meant, before it is read at length. */
  readonly before: (address: ReleaseAddress) => void;
}

/** Finds the release that is wanted and takes it through both gates: from a medium, or from what the site keeps of a release that was loaded here. Throws what `openPlace`, `findKeptRelease`,
 *  `verifyForSite` and `readmitForSite` throw, and `RELEASE_NOT_FOUND` for a kept release that was never loaded. */
export async function admitRelease(
  wanted: WantedRelease,
  { site, ledger, onePass, order, before }: AdmitRelease,
  run: Run,
): Promise<AdmittedRelease> {
  const override = order === undefined ? {} : { override: order };
  if (wanted.from === 'medium') {
    const place = await openPlace(wanted.place, { proving: true });
    before(place.address);
    const { medium } = place;
    const release = await verifyForSite(place, site, run, { onePass, ledger, ...override });
    const keep = (inner: Run): Promise<void> => keepRelease(site.stateDirectory, release, medium, inner);
    return { release, medium, keep };
  }
  before(wanted.address);
  const statement = await loadedStatement(site, wanted.address);
  const kept = await findKeptRelease(site.stateDirectory, { ...wanted.address, statement });
  const readmitted = await readmitForSite(kept, site, ledger, run, override).catch(async (error: unknown) => {
    throw await withWayBack(error, site);
  });
  return { ...readmitted, keep: undefined };
}

/** Statement of the release as the site's latest receipt of this number says: what it loaded then is what it goes back to. */
async function loadedStatement(
  { stateDirectory, file }: TrustedSite,
  { channel, sequence }: ReleaseAddress,
): Promise<Digest> {
  const receipts = await readReceipts(stateDirectory);
  const found = receipts.findLast(
    ({ receipt }) =>
      receipt.channel === channel && receipt.sequence === sequence && receipt.status === 'loaded',
  );
  if (found !== undefined) return found.receipt.statement;
  const address = formatReleaseAddress({ channel, sequence });
  throw new GapferryError({
    code: 'RELEASE_NOT_FOUND',
    message: `release ${address} was never loaded here: the site has no receipt of it`,
    hint: `import it from its medium: gapferry import DIR --to ${address} --site ${file}`,
    origin: 'site',
  });
}
