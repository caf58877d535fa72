import type { VerifiedRelease } from '@gapferry/bundle';
import type { Run } from '@gapferry/core';
import { systemClock } from '../clock.ts';
import type { OpenPlace } from '../open-place.ts';
import { loadTrust } from './load-trust.ts';
import { openTrustedSite, type TrustedSite } from './open-site.ts';

/** Both gates with a site's pinned policy and marks. */
export async function verifyForSite(
  { medium, address }: OpenPlace,
  site: TrustedSite,
  run: Run,
): Promise<VerifiedRelease> {
  const [{ verifyRelease }, { keyVerifier, upstreamVerifier }] = await Promise.all([
    import('@gapferry/importer'),
    import('@gapferry/signing'),
  ]);
  return verifyRelease(
    {
      address,
      medium,
      policy: site.policy,
      verifier: keyVerifier(),
      upstreamVerifier: upstreamVerifier(),
      clock: systemClock,
      mark: site.mark,
    },
    run,
  );
}

/** Both gates for `verify`: with a site where one is named, otherwise with a policy file alone, and then without a mark to hold the number against. */
export async function verifyWith(
  place: OpenPlace,
  given: { readonly site?: string; readonly trust?: string },
  run: Run,
): Promise<VerifiedRelease> {
  if (given.site !== undefined) return verifyForSite(place, await openTrustedSite(given.site), run);
  const [{ verifyRelease }, { keyVerifier, upstreamVerifier }] = await Promise.all([
    import('@gapferry/importer'),
    import('@gapferry/signing'),
  ]);
  const policy = await loadTrust(given.trust ?? '');
  return verifyRelease(
    {
      ...place,
      policy,
      verifier: keyVerifier(),
      upstreamVerifier: upstreamVerifier(),
      clock: systemClock,
      mark: 'not judged',
    },
    run,
  );
}
