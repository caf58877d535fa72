import type { ImportPlan, VerifiedRelease } from '@gapferry/bundle';
import type { BlobReader, Ledger, Run, Target } from '@gapferry/core';
import type { Site } from './open-site.ts';
import { siteRoom } from './site-room.ts';

/** Surveys the site's targets and decides what an import of the release would do. */
export async function planForSite(
  release: VerifiedRelease,
  site: Site,
  parts: {
    readonly medium: BlobReader;
    readonly targets: ReadonlyMap<string, Target>;
    readonly ledger: Ledger;
  },
  run: Run,
): Promise<ImportPlan> {
  const { planRelease } = await import('@gapferry/importer');
  const rules = site.config.targets.map(({ name, takes }) => ({ name, takes }));
  return planRelease({ release, rules, ...parts, siteRoom: (loads) => siteRoom(site, loads) }, run);
}
