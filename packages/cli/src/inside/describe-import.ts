import { printable, shortDigest } from '@gapferry/core';
import { countItems, type ImportOutcome, type ImportRecord } from '@gapferry/importer';
import { formatBytes } from '@gapferry/report';

/** What an import did, for people: one sentence first, then what failed. */
export function importText(outcome: ImportOutcome, receiptFile: string | undefined): string {
  const { record } = outcome;
  const name = `release ${record.version} (${record.channel}/${record.sequence})`;
  const { loaded, same, failed } = countItems(record.items);
  const missing = record.items.filter((item) => item.outcome === 'failed' || item.outcome === 'held-back');
  const first = {
    loaded: `${name} is loaded: ${loaded} item(s) new or changed, ${same} as before; ${formatBytes(record.bytes)} written`,
    unchanged: `${name} is loaded already: nothing changed, ${same} item(s) read back and right`,
    'partly-loaded': `${name} is only partly loaded: ${loaded + same} item(s) are there, ${failed} are not; run the import again to go on`,
  }[outcome.kind];
  return [
    first,
    ...pendingLines(record),
    ...missing.map(
      ({ item, of, target, outcome: state, error }) =>
        `  ${state === 'failed' ? 'failed' : 'waits '}  ${of === undefined ? '' : `${of} of `}${printable(item)} at ${target}${error === undefined ? '' : `: ${printable(error.message)}`}`,
    ),
    ...(receiptFile === undefined || outcome.receipt === undefined
      ? []
      : [`receipt ${receiptFile}, ${shortDigest(outcome.receipt.statement)}: take it outside`]),
  ].join('\n');
}

function pendingLines({ onePass, admitted }: ImportRecord): string[] {
  const { notRead = 0 } = onePass ?? admitted ?? {};
  const rest =
    notRead === 0
      ? ''
      : `${notRead} blob(s) that the targets had were not read from the medium, but proved there`;
  if (onePass !== undefined)
    return [`in one pass: hashed while it was sent${rest === '' ? '' : `; ${rest}`}`];
  return rest === '' ? [] : [`let in here before: ${rest}`];
}

export function importJson(
  { kind, record, receipt }: ImportOutcome,
  receiptFile: string | undefined,
): Record<string, unknown> {
  return {
    kind,
    record,
    ...(receipt !== undefined && {
      receipt: { file: receiptFile, digest: receipt.statement, ...receipt.receipt },
    }),
  };
}
