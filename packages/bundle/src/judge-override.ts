import {
  type Digest,
  digestOf,
  formatTime,
  GapferryError,
  isGapferryError,
  shortDigest,
  type Verifier,
} from '@gapferry/core';
import type { Mark } from './mark.ts';
import { type OverridePredicate, parseOverride } from './override.ts';
import { requireSigners } from './signatures.ts';
import { PAYLOAD_TYPE, type ReleasePredicate } from './statement.ts';
import type { ChannelPolicy, PolicyKey, TrustPolicy } from './trust-policy.ts';

/** What an operator brings to go back to an older release: bytes that nobody has judged yet. */
export interface OverrideOrder {
  /** One Sigstore bundle each, over the same statement: as many as the policy wants signers. */
  readonly signatures: readonly Uint8Array[];
  /** Name of the site that would go back. */
  readonly site: string;
  /** Has an import of this site come to its end with this override, or has another release been imported since one began with it? The ledger knows. */
  isSpent(override: Digest): boolean;
}

/** An override that the site's policy accepts for one import. */
export interface AcceptedOverride extends Omit<OverridePredicate, 'format' | 'channel' | 'site'> {
  /** Digest of its statement: it counts once. */
  readonly statement: Digest;
  readonly signers: ReadonlyArray<{ readonly key: string; readonly owner: string }>;
}

export interface JudgeOverride {
  readonly policy: TrustPolicy;
  readonly channel: ChannelPolicy;
  readonly verifier: Verifier;
  /** Trusted now, in milliseconds. */
  readonly time: number;
  readonly mark: Mark;
  readonly release: Pick<ReleasePredicate, 'channel' | 'sequence'>;
  /** Identity of the release that is wanted. */
  readonly statement: Digest;
}

/** Clocks of people who sign differ as those of collectors do; in milliseconds. */
const MAX_FUTURE_SKEW = 24 * 3600 * 1000;

/** Does the order lead this site from its mark to this release, now, by those whom the policy wants? Signatures come first; nothing else is parsed before they are right.
 *  Throws `OVERRIDE_REFUSED` for what is not so, `KEY_DENIED`, `THRESHOLD_NOT_MET`, and what the verifier throws. */
export function judgeOverride(order: OverrideOrder, input: JudgeOverride): AcceptedOverride {
  const { channel, release, time } = input;
  if (channel.overrides.length === 0)
    throw refused(
      `the trust policy accepts no override in channel ${release.channel}`,
      'name who may order one: `overrides` of the channel in the next version of the policy',
    );
  const { bytes, signers } = verifiedBy(order, input);
  const override = parseOverride(bytes);
  const statement = digestOf(bytes);
  requireAim(override, order, input);
  requireTime(override, time);
  const counted = countSigners(signers, input);
  if (order.isSpent(statement))
    throw refused(
      `the override ${shortDigest(statement)} was used already`,
      'an override counts once, and "gapferry status" tells where it led; to go back again have another one signed',
    );
  const { from, to, reason, notAfter, issuedAt } = override;
  const named = counted.map(({ id, owner }) => ({ key: id, owner }));
  return { statement, from, to, reason, notAfter, issuedAt, signers: named };
}

/** Every file that was given must be right, and be about the same statement: nobody hands in another one by mistake. */
function verifiedBy(
  { signatures }: OverrideOrder,
  { policy, verifier }: JudgeOverride,
): { bytes: Uint8Array; signers: readonly PolicyKey[] } {
  const verified = signatures.map((bundle, i) =>
    ofOverride(`${signatures.length > 1 ? `override file ${i + 1}` : 'the override'}: `, () =>
      verifier.verify(bundle, policy.keys),
    ),
  );
  const [first, ...others] = verified;
  if (first === undefined || verified.some(({ type }) => type !== PAYLOAD_TYPE))
    throw refused('what was given is not a signed override', 'make one with "gapferry trust override"');
  if (others.some(({ bytes }) => digestOf(bytes) !== digestOf(first.bytes)))
    throw refused(
      'the override files are not signatures of one statement',
      'add a signature to a file that is there with "gapferry trust override --add FILE"',
    );
  const ids = new Set(verified.map(({ keyId }) => keyId));
  return { bytes: first.bytes, signers: policy.keys.filter(({ id }) => ids.has(id)) };
}

function requireAim(override: OverridePredicate, { site }: OverrideOrder, input: JudgeOverride): void {
  const { release, statement, mark } = input;
  const at = mark.statement === undefined ? 'no release that it knows' : shortDigest(mark.statement);
  const wrong = [
    override.site === site ? [] : `is for site ${override.site}, not for ${site}`,
    override.channel === release.channel ? [] : `is for channel ${override.channel}, not ${release.channel}`,
    override.to === statement
      ? []
      : `leads to ${shortDigest(override.to)}; number ${release.sequence} is ${shortDigest(statement)}`,
    override.from === mark.statement
      ? []
      : `leads away from ${shortDigest(override.from)}; the site has accepted number ${mark.sequence}, ${at}`,
  ].flat();
  if (wrong.length > 0)
    throw refused(
      `the override ${wrong.join('; it ')}`,
      'an override holds for one step of one site: have one signed for this step',
    );
}

function requireTime({ notAfter, issuedAt }: OverridePredicate, time: number): void {
  if (time > Date.parse(notAfter))
    throw refused(
      `the override ended at ${notAfter}; it is ${formatTime(new Date(time))}`,
      'have another one signed',
    );
  if (Date.parse(issuedAt) > time + MAX_FUTURE_SKEW)
    throw refused(
      `the override says it was issued at ${issuedAt}, more than 24 h ahead of ${formatTime(new Date(time))}`,
      'set the clock of this host, or ask those who signed about theirs',
    );
}

function countSigners(signers: readonly PolicyKey[], { channel, time }: JudgeOverride): PolicyKey[] {
  const denied = signers.find(({ id }) => channel.deny.keys.includes(id));
  if (denied !== undefined)
    throw new GapferryError({
      code: 'KEY_DENIED',
      message: `the key ${denied.id} of ${denied.owner}, which signed this override, is revoked`,
      hint: 'nothing that this key signed is accepted',
      origin: 'site',
    });
  const alive = signers.filter(({ notAfter }) => notAfter === undefined || time <= Date.parse(notAfter));
  const counted = channel.overrides.flatMap((rule) =>
    ofOverride('', () => requireSigners(rule, alive, 'override'), ADD),
  );
  return [...new Set(counted)];
}

const ADD =
  'another of them signs the same order: gapferry trust override --add FILE --key KEY; then give every file with --override';

/** What is wrong came with the override, not with the medium. */
function ofOverride<T>(prefix: string, judge: () => T, hint?: string): T {
  try {
    return judge();
  } catch (error) {
    if (!isGapferryError(error)) throw error;
    const { code, message, data } = error;
    const next = hint ?? error.hint;
    throw new GapferryError({
      code,
      message: `${prefix}${message}`,
      ...(next !== undefined && { hint: next }),
      origin: 'site',
      data,
      cause: error,
    });
  }
}

function refused(message: string, hint: string): GapferryError {
  return new GapferryError({ code: 'OVERRIDE_REFUSED', message, hint, origin: 'site' });
}
