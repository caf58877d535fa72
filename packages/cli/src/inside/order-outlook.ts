import { judgeOverride, type OverridePredicate, type Receipt } from '@gapferry/bundle';
import { type Clock, type Digest, GapferryError, isGapferryError } from '@gapferry/core';
import type { TrustedSite } from './open-site.ts';
import { receiptedOverrides } from './order-back.ts';
import { readReceipts } from './receipts.ts';

/** A release as people call it. */
export type KnownRelease = Pick<Receipt, 'sequence' | 'version'>;

/** What a site says of an order before anybody brings it to an import. */
export interface OrderOutlook {
  /** The releases that it leads from and to; undefined where the site has no receipt of one. */
  readonly from: KnownRelease | undefined;
  readonly to: KnownRelease | undefined;
  /** What an import would say of these signatures now; undefined: it would accept them. The ledger is not asked: an import may know that the order was used. */
  judge(signatures: readonly Uint8Array[]): Promise<GapferryError | undefined>;
}

/** Asks the site's receipts, policy and mark. */
export async function orderOutlook(
  site: TrustedSite,
  override: OverridePredicate,
  clock: Clock,
): Promise<OrderOutlook> {
  const receipts = await readReceipts(site.stateDirectory);
  const known = (statement: Digest): KnownRelease | undefined =>
    receipts.find(({ receipt }) => receipt.statement === statement)?.receipt;
  const spent = receiptedOverrides(receipts);
  const [from, to] = [known(override.from), known(override.to)];
  return {
    from,
    to,
    judge: async (signatures) => {
      const channel = site.policy.channels.get(override.channel);
      if (channel === undefined) return unknownChannel(site, override);
      const { keyVerifier } = await import('@gapferry/signing');
      const mark = site.mark(override.channel);
      const times = [site.state.seen(), mark.issuedAt].map((time) => Date.parse(time ?? '') || 0);
      const release = { channel: override.channel, sequence: to?.sequence ?? 0 };
      return caught(() =>
        judgeOverride(
          { signatures, site: site.config.name, isSpent: (one) => spent.has(one) },
          {
            policy: site.policy,
            channel,
            verifier: keyVerifier(),
            time: Math.max(clock.now().getTime(), ...times),
            mark,
            release,
            statement: override.to,
          },
        ),
      );
    },
  };
}

function caught(judge: () => unknown): GapferryError | undefined {
  try {
    judge();
    return undefined;
  } catch (error) {
    if (isGapferryError(error)) return error;
    throw error;
  }
}

function unknownChannel({ config, policy }: TrustedSite, { channel }: OverridePredicate): GapferryError {
  return new GapferryError({
    code: 'CHANNEL_UNKNOWN',
    message: `the trust policy of site ${config.name} knows no channel ${channel}; it knows ${[...policy.channels.keys()].join(', ')}`,
    hint: 'name a channel that it knows',
    origin: 'site',
  });
}
