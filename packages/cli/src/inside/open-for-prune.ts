import type { TrustedManifest } from '@gapferry/bundle';
import { GapferryError, type Run } from '@gapferry/core';
import type { LoadedRelease } from '@gapferry/importer';
import { systemClock } from '../clock.ts';
import { keptOf } from './kept-manifests.ts';
import { readKeptReleases } from './kept-releases.ts';
import { openKeptRelease } from './open-kept-release.ts';
import type { TrustedSite } from './open-site.ts';

/** The release that a channel stands at, through the first gate: targets are opened for it. Its number is not judged: the site may have gone back. Throws `RELEASE_INCOMPLETE` where the site does not keep it. */
export async function openCurrent(
  site: TrustedSite,
  current: LoadedRelease,
  run: Run,
): Promise<TrustedManifest> {
  const kept = keptOf(await readKeptReleases(site.stateDirectory), current);
  if (kept === undefined)
    throw new GapferryError({
      code: 'RELEASE_INCOMPLETE',
      message: `the site keeps nothing of release ${current.channel}/${current.sequence}, at which the channel stands`,
      hint: 'import it once more from its medium: that changes nothing, and keeps what the site needs of it',
      origin: 'site',
    });
  const [{ openOnMedium }, { keyVerifier }] = await Promise.all([
    import('@gapferry/importer'),
    import('@gapferry/signing'),
  ]);
  const { medium, address } = await openKeptRelease(kept);
  return await openOnMedium(
    {
      address,
      medium,
      policy: site.policy,
      verifier: keyVerifier(),
      clock: systemClock,
      mark: 'not judged',
    },
    run,
  );
}
