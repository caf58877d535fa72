import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { GapferryError, isGapferryError } from '@gapferry/core';
import type { NotedHead, OpenLedger } from '@gapferry/ledger';
import { readReceipts } from './receipts.ts';

/** Of a ledger that was begun anew because the one before is lost: `given`, the digests of the heads that it cannot have. */
export const LEDGER_RESTARTED = 'ledger.restarted';

const RESTORE =
  'keep what is there for whoever looks into this, and put the newest backup in its place; where none is as new as that, see `gapferry ledger restart --help`';

/** Heads of a site's ledger that stand elsewhere: in its receipts and in its trust-state.json. */
export async function notedHeads(stateDirectory: string): Promise<NotedHead[]> {
  const { openSiteState } = await import('@gapferry/ledger');
  const [receipts, state] = await Promise.all([readReceipts(stateDirectory), openSiteState(stateDirectory)]);
  const head = state.ledger();
  return [
    ...receipts.map(({ file, receipt }) => ({ ...receipt.ledger, where: `the receipt ${basename(file)}` })),
    ...(head === undefined ? [] : [{ ...head, where: "the site's trust-state.json" }]),
  ];
}

/** Throws `LEDGER_TAMPERED` where there is no file and something tells of one. */
export function requirePresent(file: string, noted: readonly NotedHead[]): void {
  const [first] = noted;
  if (first === undefined || existsSync(file)) return;
  throw new GapferryError({
    code: 'LEDGER_TAMPERED',
    message: `the ledger ${file} is gone; ${first.where} tells of its entry ${first.index}`,
    hint: RESTORE,
    origin: 'site',
    data: { file },
  });
}

/** The whole chain, and every head that stands elsewhere, but those of ledgers that were lost and said so. Throws `LEDGER_TAMPERED`, naming entry, kind, and who tells of it. */
export async function requireNoted(ledger: OpenLedger, noted: readonly NotedHead[]): Promise<void> {
  const { requireIntact, verifyLedger } = await import('@gapferry/ledger');
  try {
    requireIntact(await verifyLedger(ledger.file, { noted: stillNoted(ledger, noted), linksOnly: true }));
  } catch (error) {
    throw isGapferryError(error, 'LEDGER_TAMPERED') ? withRemedy(error) : error;
  }
}

function withRemedy({ code, message, data, cause }: GapferryError): GapferryError {
  return new GapferryError({ code, message, hint: RESTORE, origin: 'site', data, cause });
}

/** Without the heads of ledgers that were lost. */
export function stillNoted(ledger: OpenLedger, noted: readonly NotedHead[]): NotedHead[] {
  const given = new Set<unknown>();
  for (const { data } of ledger.history([LEDGER_RESTARTED]))
    if (Array.isArray(data['given'])) for (const digest of data['given']) given.add(digest);
  return noted.filter(({ digest }) => !given.has(digest));
}
