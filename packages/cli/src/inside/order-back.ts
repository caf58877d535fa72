import type { OverrideOrder, Receipt } from '@gapferry/bundle';
import { type Digest, GapferryError, isGapferryError, type Ledger } from '@gapferry/core';
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

/** An older release is refused for a reason; whoever wants it all the same is told how. */
export function withWayBack(error: unknown, site: TrustedSite): unknown {
  if (!isGapferryError(error, 'ROLLBACK')) return error;
  const { channel, sequence } = error.data;
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
