import {
  canonicalBytes,
  type Digest,
  digestOf,
  hexOf,
  parseCanonicalJson,
  RELEASE_LIMITS,
} from '@gapferry/core';
import { z } from 'zod';
import { documentError, toProblems } from './problems.ts';
import { digestSchema, nameSchema, sequenceSchema, timeSchema, versionSchema } from './schemas.ts';

/** in-toto Statement v1 type (in-toto attestation framework, spec/v1/statement.md). */
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
/** DSSE payload type of in-toto statements. */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
/** Identifies the predicate; an identifier only, never fetched. */
export const RELEASE_PREDICATE_TYPE = 'https://gapferry.dev/release/v1';

/** What a release says of itself (docs/spec/05-release-statement.md). Its identity is the digest of these bytes. */
export interface ReleasePredicate {
  readonly bundle: string;
  readonly version: string;
  readonly channel: string;
  /** From 1, one more with each release of the channel. */
  readonly sequence: number;
  /** Statement digest of the release before; null for number 1. */
  readonly previous: Digest | null;
  readonly issuedAt: string;
  readonly expiresAt?: string;
  readonly minPolicyVersion?: number;
}

export interface ReleaseStatement {
  readonly _type: typeof STATEMENT_TYPE;
  /** `manifest.json` and, with Git items, `packs.json`. */
  readonly subject: readonly Subject[];
  readonly predicateType: typeof RELEASE_PREDICATE_TYPE;
  readonly predicate: ReleasePredicate;
}

export interface Subject {
  readonly name: 'manifest.json' | 'packs.json';
  readonly digest: { readonly sha256: string };
}

const subjectOf = <N extends string>(name: N) =>
  z.strictObject({
    name: z.literal(name),
    digest: z.strictObject({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  });

const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.union([
    z.tuple([subjectOf('manifest.json')]),
    z.tuple([subjectOf('manifest.json'), subjectOf('packs.json')]),
  ]),
  predicateType: z.literal(RELEASE_PREDICATE_TYPE),
  predicate: z.strictObject({
    bundle: nameSchema,
    version: versionSchema,
    channel: nameSchema,
    sequence: sequenceSchema,
    previous: digestSchema.nullable(),
    issuedAt: timeSchema,
    expiresAt: timeSchema.optional(),
    minPolicyVersion: sequenceSchema.optional(),
  }),
}) as unknown as z.ZodType<ReleaseStatement>;

/** The statement's bytes, ready to sign: canonical JSON. */
export function encodeStatement(
  predicate: ReleasePredicate,
  manifest: Uint8Array,
  packs: Uint8Array | undefined,
): Uint8Array {
  const subject: Subject[] = [{ name: 'manifest.json', digest: { sha256: hexOf(digestOf(manifest)) } }];
  if (packs !== undefined) subject.push({ name: 'packs.json', digest: { sha256: hexOf(digestOf(packs)) } });
  const statement: ReleaseStatement = {
    _type: STATEMENT_TYPE,
    subject,
    predicateType: RELEASE_PREDICATE_TYPE,
    predicate,
  };
  return canonicalBytes(statement);
}

/** Parses the payload of a verified envelope. Throws `LIMIT_EXCEEDED`, `JSON_INVALID` or `STATEMENT_INVALID`. */
export function parseStatement(bytes: Uint8Array, what = 'the release statement'): ReleaseStatement {
  const value = parseCanonicalJson(bytes, what, { maxBytes: RELEASE_LIMITS.statement, maxDepth: 8 });
  const parsed = statementSchema.safeParse(value);
  if (!parsed.success) throw documentError('STATEMENT_INVALID', what, toProblems(parsed.error));
  return parsed.data;
}

/** The identity of a release: sha256 of the statement's bytes, never of a signature file. */
export function statementDigest(bytes: Uint8Array): Digest {
  return digestOf(bytes);
}
