import type { Mark } from '@gapferry/bundle';
import { GapferryError, shortDigest } from '@gapferry/core';
import type { ToldTrust } from '@gapferry/importer';
import type { Marks, SiteState, TrustPin } from '@gapferry/ledger';

/** The other way round than a ledger is held against the state: an older trust-state.json that was put back would let older releases in, and an older policy count. `state`: read after the ledger, or under the site's lock. Throws `TRUST_MISMATCH`. */
export function requireLatestState(told: ToldTrust, state: SiteState): void {
  const { pinned } = told;
  const pin = state.pin();
  if (pinned !== undefined && pin !== undefined && pin.version < pinned.version)
    throw older(
      state,
      `version ${pin.version} of the trust policy is pinned there, and entry ${pinned.index} tells of version ${pinned.version}`,
    );
  requireLatestMarks(told, state);
}

/** Of the marks alone: a policy is written into the ledger right before it is pinned. */
export function requireLatestMarks({ marks }: ToldTrust, state: SiteState): void {
  for (const [channel, told] of marks) {
    const mark = state.mark(channel) ?? { sequence: 0 };
    if (!isBelow(mark, told)) continue;
    throw older(
      state,
      `the mark of channel ${channel} stands at ${mark.sequence} there, and entry ${told.index} of the ledger tells of number ${told.sequence}`,
    );
  }
}

/** Throws `TRUST_MISMATCH` for a policy before the one that the ledger tells of, also where the state has forgotten it. */
export function requireNextTold({ pinned }: ToldTrust, { version, digest }: TrustPin): void {
  if (pinned === undefined || pinned.version < version) return;
  if (pinned.version === version && pinned.digest === digest) return;
  throw new GapferryError({
    code: 'TRUST_MISMATCH',
    message: `this is version ${version} (${shortDigest(digest)}) of the trust policy, and version ${pinned.version} (${shortDigest(pinned.digest)}) was pinned at this site, as entry ${pinned.index} of its ledger tells`,
    hint: 'pin that one, or one with a higher version number',
    origin: 'site',
  });
}

/** Marks that a pin puts back as the ledger tells of them: those that stand lower in the state, and those that the same version set when its pin did not come to its end, or was forgotten since. */
export function toldMarks({ pinned, marks }: ToldTrust, { version }: TrustPin, state: SiteState): Marks {
  const isForgotten = pinned?.version === version && state.pin()?.version !== version;
  const told = [...marks].filter(
    ([channel, mark]) =>
      isBelow(state.mark(channel) ?? { sequence: 0 }, mark) || (isForgotten && mark.index === pinned.index),
  );
  return Object.fromEntries(told.map(([channel, { index: _, ...mark }]) => [channel, mark]));
}

function isBelow(mark: Mark, told: Mark): boolean {
  return mark.sequence < told.sequence;
}

function older({ file }: SiteState, how: string): GapferryError {
  return new GapferryError({
    code: 'TRUST_MISMATCH',
    message: `${file} is older than the site's ledger: ${how}`,
    hint: 'put the newest one back; where there is none, pin the trust policy again with `gapferry trust pin`, confirmed by another way: it takes the marks from the ledger',
    origin: 'site',
    data: { file },
  });
}
