import {
  type Mark,
  type OverrideOrder,
  openRelease,
  type TrustedManifest,
  type TrustPolicy,
} from '@gapferry/bundle';
import {
  type Clock,
  checkRun,
  type ReleaseAddress,
  type ReleaseReader,
  type Run,
  type Verifier,
} from '@gapferry/core';

/** Whom the first gate trusts, and when. */
export interface Authenticity {
  readonly policy: TrustPolicy;
  readonly verifier: Verifier;
  readonly clock: Clock;
  /** The site's marks, or `not judged` where there is no site. */
  readonly mark: 'not judged' | ((channel: string) => Mark);
  /** Only for going back to a release below the mark. */
  readonly override?: OverrideOrder;
}

export interface OpenOnMedium extends Authenticity {
  readonly address: ReleaseAddress;
  readonly medium: ReleaseReader;
}

/** The first gate (authenticity): reads the release's few size-limited files and judges them. No blob is looked at. Warnings of the policy are told through the run.
 *  Throws what `readRelease` and `openRelease` throw. */
export async function openOnMedium(input: OpenOnMedium, run: Run): Promise<TrustedManifest> {
  const { address, medium, policy, verifier, clock, mark, override } = input;
  checkRun(run);
  const files = await medium.readRelease(address);
  checkRun(run);
  const opened = openRelease({
    address,
    files,
    policy,
    verifier,
    now: clock.now(),
    mark,
    ...(override !== undefined && { override }),
  });
  for (const message of opened.warnings) run.emit({ kind: 'warning', message });
  return opened;
}
