import type { OverrideOrder, VerifiedRelease } from '@gapferry/bundle';
import type { BlobReader, Ledger, Run } from '@gapferry/core';
import type { VerifyRelease } from '@gapferry/importer';
import { systemClock } from '../clock.ts';
import { openGitVerifier } from '../open-git-verifier.ts';
import type { OpenPlace } from '../open-place.ts';
import type { KeptRelease } from './kept-releases.ts';
import { loadTrust } from './load-trust.ts';
import { openKeptRelease, requireNamed } from './open-kept-release.ts';
import { openTrustedSite, type TrustedSite } from './open-site.ts';
import { withWayBack } from './order-back.ts';

/** Both gates with a site's pinned policy and marks. `onePass`: blobs are hashed while they are sent. `ledger`: of a release that was let in here before only what is sent is hashed, when it is planned; with either the medium is a `provingMedium`, without both everything is hashed. `override`: to go back to a release below the mark. */
export async function verifyForSite(
  { medium, address }: OpenPlace,
  site: TrustedSite,
  run: Run,
  { onePass = false, ledger, override }: JudgeWays = {},
): Promise<VerifiedRelease> {
  const [{ verifyRelease }, verifiers] = await Promise.all([import('@gapferry/importer'), openVerifiers()]);
  const verifying = verifyRelease(
    {
      address,
      medium,
      policy: site.policy,
      ...verifiers,
      clock: systemClock,
      mark: site.mark,
      ...seenBy(site),
      rules: site.config.targets,
      onePass,
      ...(ledger !== undefined && { ledger }),
      ...(override !== undefined && { override }),
    },
    run,
  );
  return await verifying.catch(async (error: unknown) => {
    throw await withWayBack(error, site);
  });
}

interface JudgeWays {
  readonly onePass?: boolean;
  readonly ledger?: Ledger;
  readonly override?: OverrideOrder;
}

/** Both gates for a release that the site keeps: its blobs are not here, the ledger says that they were. `override`: as above. */
export async function readmitForSite(
  kept: KeptRelease,
  site: TrustedSite,
  ledger: Ledger,
  run: Run,
  { override }: { readonly override?: OverrideOrder } = {},
): Promise<{ readonly release: VerifiedRelease; readonly medium: BlobReader }> {
  const [{ readmitRelease }, verifiers] = await Promise.all([import('@gapferry/importer'), openVerifiers()]);
  const { address, medium } = await openKeptRelease(kept);
  const release = await readmitRelease(
    {
      address,
      medium,
      ledger,
      policy: site.policy,
      ...verifiers,
      clock: systemClock,
      mark: site.mark,
      ...seenBy(site),
      ...(override !== undefined && { override }),
    },
    run,
  );
  requireNamed(kept, release.opened);
  return { release, medium };
}

/** Both gates for `verify`: with a site where one is named, otherwise with a policy file alone, and then without a mark to hold the number against. */
export async function verifyWith(
  place: OpenPlace,
  given: { readonly site?: string; readonly trust?: string },
  run: Run,
): Promise<VerifiedRelease> {
  if (given.site !== undefined) return verifyForSite(place, await openTrustedSite(given.site), run);
  const [{ verifyRelease }, verifiers] = await Promise.all([import('@gapferry/importer'), openVerifiers()]);
  const policy = await loadTrust(given.trust ?? '');
  return verifyRelease(
    {
      ...place,
      policy,
      ...verifiers,
      clock: systemClock,
      mark: 'not judged',
    },
    run,
  );
}

function seenBy({ state }: TrustedSite): { readonly seen?: string } {
  const seen = state.seen();
  return seen === undefined ? {} : { seen };
}

type Verifiers = Pick<VerifyRelease, 'verifier' | 'upstreamVerifier' | 'gitSignatureVerifier'>;

async function openVerifiers(): Promise<Verifiers> {
  const { keyVerifier, upstreamVerifier } = await import('@gapferry/signing');
  return {
    verifier: keyVerifier(),
    upstreamVerifier: upstreamVerifier(),
    gitSignatureVerifier: openGitVerifier(),
  };
}
