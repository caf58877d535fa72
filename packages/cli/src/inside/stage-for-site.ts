import type { Run } from '@gapferry/core';
import type { StagedOutcome } from '@gapferry/importer';
import { systemClock } from '../clock.ts';
import type { ApplyForSite } from './apply-for-site.ts';
import { targetPlaces } from './target-places.ts';

/** Does the first half of a plan, to the barrier, with the site's marks and ledger. The site's key is not needed: nothing is loaded, so there is no receipt. Throws what `stagePlan` throws. */
export async function stageForSite(
  given: Omit<ApplyForSite, 'receiptSigner'>,
  run: Run,
): Promise<StagedOutcome> {
  const { plan, medium, targets, site, ledger, keep, approved } = given;
  const { stagePlan } = await import('@gapferry/importer');
  return await stagePlan(
    {
      plan,
      medium,
      targets,
      ledger,
      state: { mark: site.mark, raiseMark: site.state.raiseMark },
      site: site.config.name,
      places: targetPlaces(site),
      clock: systemClock,
      ...(keep !== undefined && { keep }),
      ...(approved !== undefined && { approved }),
    },
    run,
  );
}
