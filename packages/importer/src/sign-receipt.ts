import { encodeReceipt, FORMATS, PAYLOAD_TYPE, type Receipt } from '@gapferry/bundle';
import { type Digest, digestOf, type LedgerHead, type Run, type Signer } from '@gapferry/core';
import { countItems } from './count-items.ts';
import type { ImportRecord, SignedReceipt } from './import-outcome.ts';

export interface SignReceipt {
  readonly receiptSigner: Signer;
  readonly previousReceipt: Digest | null;
}

/** The record without hosts and paths, signed with the site's key: what may leave the site. `head`: the ledger's, with the record in it. */
export async function signReceipt(
  input: SignReceipt,
  record: ImportRecord,
  head: LedgerHead,
  run: Run,
): Promise<SignedReceipt> {
  const receipt = toReceipt(record, head, input.previousReceipt);
  const bytes = encodeReceipt(receipt);
  return {
    bytes: await input.receiptSigner.sign({ type: PAYLOAD_TYPE, bytes }, run),
    statement: digestOf(bytes),
    receipt,
  };
}

function toReceipt(record: ImportRecord, head: LedgerHead, previous: Digest | null): Receipt {
  const { site, channel, bundle, version, sequence, statement, override } = record;
  return {
    format: FORMATS.receipt,
    site,
    channel,
    bundle,
    version,
    sequence,
    statement,
    status: record.status === 'partly-loaded' ? 'partly-loaded' : 'loaded',
    items: countItems(record.items),
    at: record.endedAt,
    ledger: { index: head.index, digest: head.digest },
    previous,
    ...(override !== undefined && { override: override.statement }),
  };
}
