import type { Digest } from '@gapferry/core';
import { z } from 'zod';
import { type AboutRelease, encodeAboutRelease, parseAboutRelease } from './about-release.ts';
import { FORMATS } from './formats.ts';
import { digestSchema, nameSchema, sequenceSchema, timeSchema, versionSchema } from './schemas.ts';

export const RECEIPT_PREDICATE_TYPE = 'https://gapferry.dev/receipt/v1';

/** The inside's signed answer for the outside (docs/spec/08-receipt.md): what arrived and what was loaded. Names no hosts and no paths. */
export interface Receipt {
  readonly format: 'gapferry.receipt/1';
  readonly site: string;
  readonly channel: string;
  readonly bundle: string;
  readonly version: string;
  readonly sequence: number;
  /** The release this receipt is about. */
  readonly statement: Digest;
  /** `loaded`: everything is in every target. `partly-loaded`: some items are; `items` counts them. */
  readonly status: 'loaded' | 'partly-loaded';
  readonly items: { readonly loaded: number; readonly same: number; readonly failed: number };
  /** When the import ended. */
  readonly at: string;
  /** Head of the site's ledger when the receipt was written: a cut tail of the ledger shows here. */
  readonly ledger: { readonly index: number; readonly digest: Digest };
  /** Digest of the statement of the site's receipt before; null for the first. */
  readonly previous: Digest | null;
  /** The site went back to this release: digest of the statement of the override that allowed it. */
  readonly override?: Digest;
}

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const receiptSchema = z.strictObject({
  format: z.literal(FORMATS.receipt),
  site: nameSchema,
  channel: nameSchema,
  bundle: nameSchema,
  version: versionSchema,
  sequence: sequenceSchema,
  statement: digestSchema,
  status: z.enum(['loaded', 'partly-loaded']),
  items: z.strictObject({ loaded: count, same: count, failed: count }),
  at: timeSchema,
  ledger: z.strictObject({ index: count, digest: digestSchema }),
  previous: digestSchema.nullable(),
  override: digestSchema.optional(),
}) as unknown as z.ZodType<Receipt>;

const ABOUT: AboutRelease<Receipt> = {
  predicateType: RECEIPT_PREDICATE_TYPE,
  schema: receiptSchema,
  releaseOf: ({ statement }) => statement,
  otherSubject: 'is not the release that the receipt is about',
};

/** in-toto statement bytes of a receipt, ready to sign: the subject is the release's statement digest. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return encodeAboutRelease(ABOUT, receipt);
}

/** Parses the payload of a verified receipt. Throws `LIMIT_EXCEEDED`, `JSON_INVALID` or `STATEMENT_INVALID`. */
export function parseReceipt(bytes: Uint8Array, what = 'the receipt'): Receipt {
  return parseAboutRelease(ABOUT, bytes, what);
}
