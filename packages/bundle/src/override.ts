import { type Digest, printable } from '@gapferry/core';
import { z } from 'zod';
import { type AboutRelease, encodeAboutRelease, parseAboutRelease } from './about-release.ts';
import { FORMATS } from './formats.ts';
import { digestSchema, nameSchema, timeSchema } from './schemas.ts';

export const OVERRIDE_PREDICATE_TYPE = 'https://gapferry.dev/override/v1';

/** Characters of a reason. */
export const MAX_REASON = 500;

/** A signed order to go back to an older release, once, at one site (docs/spec/10-override.md). */
export interface OverridePredicate {
  readonly format: 'gapferry.override/1';
  readonly site: string;
  readonly channel: string;
  /** Statement digest of the release at the site's mark. */
  readonly from: Digest;
  /** Statement digest of the older release that is wanted. */
  readonly to: Digest;
  /** For whoever reads record and ledger later: printable, one line. */
  readonly reason: string;
  /** The last moment at which it is accepted. */
  readonly notAfter: string;
  readonly issuedAt: string;
}

const reasonSchema = z
  .string()
  .min(1)
  .max(MAX_REASON)
  .refine((text) => text.trim() === text && printable(text) === text, {
    error: 'must be printable text in one line, without blanks at its ends',
  });

const predicateSchema = z
  .strictObject({
    format: z.literal(FORMATS.override),
    site: nameSchema,
    channel: nameSchema,
    from: digestSchema,
    to: digestSchema,
    reason: reasonSchema,
    notAfter: timeSchema,
    issuedAt: timeSchema,
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], error: 'is where the site is already' })
  .refine(({ issuedAt, notAfter }) => issuedAt < notAfter, {
    path: ['notAfter'],
    error: 'is not after issuedAt',
  });

const ABOUT: AboutRelease<OverridePredicate> = {
  predicateType: OVERRIDE_PREDICATE_TYPE,
  schema: predicateSchema as unknown as z.ZodType<OverridePredicate>,
  releaseOf: ({ to }) => to,
  otherSubject: 'is not the release that the override leads to',
};

/** in-toto statement bytes of an override, ready to sign: the subject is the statement digest of the release that is wanted. Throws `STATEMENT_INVALID` for one that nobody would accept. */
export function encodeOverride(override: OverridePredicate): Uint8Array {
  const bytes = encodeAboutRelease(ABOUT, override);
  parseOverride(bytes);
  return bytes;
}

/** Parses the payload of a verified override. Throws `LIMIT_EXCEEDED`, `JSON_INVALID` or `STATEMENT_INVALID`. */
export function parseOverride(bytes: Uint8Array, what = 'the override'): OverridePredicate {
  return parseAboutRelease(ABOUT, bytes, what);
}
