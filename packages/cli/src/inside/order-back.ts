import type { OverrideOrder, Receipt } from '@gapferry/bundle';
import { type Digest, GapferryError, isGapferryError, type Ledger, shortDigest } from '@gapferry/core';
import { isOverrideSpent } from '@gapferry/importer';
import type { TrustedSite } from './open-site.ts';
import { readReceipts, type StoredReceipt } from './receipts.ts';
import { readSignedFile } from './signed-payload.ts';

/** What was given with `--override`, for the first gate. Undefined where nothing was given. */
export async function orderBack(
  files: readonly string[],
  site: TrustedSite,
  ledger: Ledger,
): Promise<OverrideOrder | undefined> {
  if (files.length === 0) return undefined;
  const signed = await Promise.all(files.map((file) => readSignedFile(file, 'the override')));
  const stored = await readReceipts(site.stateDirectory);
  const receipts = new Set<unknown>(stored.map(({ statement }) => statement));
  // Also where the ledger that told of it is lost.
  const receipted = receiptedOverrides(stored);
  return {
    signatures: signed.map(({ bundle }) => bundle),
    site: site.config.name,
    isSpent: (override) =>
      receipted.has(override) || isOverrideSpent(ledger, override, (receipt) => receipts.has(receipt)),
  };
}

/** Overrides by which the site went back, as its receipts tell: all the way, or halfway before something else of the channel was imported. */
export function receiptedOverrides(stored: readonly StoredReceipt[]): ReadonlySet<Digest> {
  return new Set(
    stored.flatMap(({ receipt }, i) =>
      receipt.status === 'loaded' || isFollowed(receipt, stored.slice(i + 1)) ? (receipt.override ?? []) : [],
    ),
  );
}

/** By another release of its channel, or by another order. */
function isFollowed({ channel, override }: Receipt, later: readonly StoredReceipt[]): boolean {
  return later.some(({ receipt }) => receipt.channel === channel && receipt.override !== override);
}

/** An older release is refused for a reason; whoever wants it all the same is told how. No order leads to one that only has the number of what was loaded here: that is `FORK`. */
export async function withWayBack(error: unknown, site: TrustedSite): Promise<unknown> {
  if (!isGapferryError(error, 'ROLLBACK')) return error;
  const { channel, sequence, statement } = error.data;
  const loaded = (await readReceipts(site.stateDirectory).catch(() => []))
    .map(({ receipt }) => receipt)
    .filter((receipt) => receipt.channel === channel && receipt.sequence === sequence);
  const [other] = loaded;
  if (other !== undefined && loaded.every((receipt) => receipt.statement !== statement))
    return twoHistories(error, other);
  if (site.policy.channels.get(String(channel))?.overrides.length === 0) return error;
  const to = `${channel}/${sequence}`;
  return new GapferryError({
    code: 'ROLLBACK',
    message: error.message,
    hint: `${error.hint}; or go back on purpose: gapferry trust override --site ${site.file} --to ${to} --reason TEXT --not-after DATE --key KEY, then gapferry import --to ${to} --override FILE --site ${site.file}`,
    origin: 'medium',
    data: error.data,
    cause: error,
  });
}

function twoHistories(error: GapferryError, loaded: Receipt): GapferryError {
  const { channel, sequence, statement } = loaded;
  return new GapferryError({
    code: 'FORK',
    message: `${error.message}; and another release was loaded here as ${channel}/${sequence} (statement ${shortDigest(statement)}): channel ${channel} has two histories`,
    hint: 'two depots numbered this channel, or somebody used the signing key: stop, and find out which with the sender',
    origin: 'medium',
    data: { ...error.data, loaded: statement },
    cause: error,
  });
}
