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
  formatTime,
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
  /** As for `openRelease`: the latest moment that the site has recorded. */
  readonly seen?: string;
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
  const { address, medium, policy, verifier, clock, mark, override, seen } = input;
  checkRun(run);
  const now = clock.now();
  // First: whoever is refused because of it should know.
  warnOfClock(now, seen, run);
  const files = await medium.readRelease(address);
  checkRun(run);
  const opened = openRelease({
    address,
    files,
    policy,
    verifier,
    now,
    mark,
    ...(override !== undefined && { override }),
    ...(seen !== undefined && { seen }),
  });
  for (const message of opened.warnings) run.emit({ kind: 'warning', message });
  return opened;
}

/** Clocks are corrected by seconds all the time. */
const SET_BACK_MS = 60_000;

function warnOfClock(now: Date, seen: string | undefined, run: Run): void {
  if (seen === undefined || Date.parse(seen) - now.getTime() <= SET_BACK_MS) return;
  run.emit({
    kind: 'warning',
    message: `this host's clock (${formatTime(now)}) is behind what was done here last (${seen}): dates are judged by the later one. Where that one was wrong and the clock is right now, pin the trust policy again`,
  });
}
