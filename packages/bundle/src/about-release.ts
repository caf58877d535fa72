import { canonicalBytes, type Digest, hexOf, parseCanonicalJson } from '@gapferry/core';
import { z } from 'zod';
import { documentError, toProblems } from './problems.ts';
import { STATEMENT_TYPE } from './statement.ts';

/** An in-toto statement about a release: its only subject is the release's statement digest, which the predicate names as well. */
export interface AboutRelease<T> {
  readonly predicateType: string;
  readonly schema: z.ZodType<T>;
  releaseOf(predicate: T): Digest;
  /** What is wrong where the two differ: `is not the release that the receipt is about`. */
  readonly otherSubject: string;
}

const LIMITS = { maxBytes: 1_048_576, maxDepth: 8 } as const;

/** Bytes of the statement, ready to sign. */
export function encodeAboutRelease<T>(
  { predicateType, releaseOf }: AboutRelease<T>,
  predicate: T,
): Uint8Array {
  return canonicalBytes({
    _type: STATEMENT_TYPE,
    subject: [{ name: 'release', digest: { sha256: hexOf(releaseOf(predicate)) } }],
    predicateType,
    predicate,
  });
}

/** Throws `LIMIT_EXCEEDED`, `JSON_INVALID` or `STATEMENT_INVALID`. */
export function parseAboutRelease<T>(
  { predicateType, schema, releaseOf, otherSubject }: AboutRelease<T>,
  bytes: Uint8Array,
  what: string,
): T {
  const statement = z.strictObject({
    _type: z.literal(STATEMENT_TYPE),
    subject: z.tuple([
      z.strictObject({
        name: z.literal('release'),
        digest: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
      }),
    ]),
    predicateType: z.literal(predicateType),
    predicate: schema,
  });
  const parsed = statement.safeParse(parseCanonicalJson(bytes, what, LIMITS));
  if (!parsed.success) throw documentError('STATEMENT_INVALID', what, toProblems(parsed.error));
  const { subject, predicate } = parsed.data;
  if (subject[0].digest.sha256 === hexOf(releaseOf(predicate))) return predicate;
  throw documentError('STATEMENT_INVALID', what, [{ path: 'subject', message: otherSubject }]);
}
