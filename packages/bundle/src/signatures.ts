import {
  type Digest,
  digestOf,
  GapferryError,
  isGapferryError,
  type ReleaseFiles,
  type Verifier,
} from '@gapferry/core';
import { PAYLOAD_TYPE } from './statement.ts';
import type { PolicyKey, Requirement, TrustPolicy } from './trust-policy.ts';

/** The statement's bytes, and who signed exactly these bytes. */
export interface SignedStatement {
  readonly payload: Uint8Array;
  readonly digest: Digest;
  readonly signers: readonly PolicyKey[];
}

/** Checks the signature of release.sigstore.json and of every further signature over the same bytes. One bad signature in `release.sigstore.json` refuses the release;
 *  a further signature that no known key made counts for nothing. Throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_UNKNOWN` or `STATEMENT_INVALID`. */
export function verifySignatures(
  files: ReleaseFiles,
  policy: TrustPolicy,
  verifier: Verifier,
): SignedStatement {
  const first = verifier.verify(files.statement, policy.keys);
  if (first.type !== PAYLOAD_TYPE) {
    throw new GapferryError({
      code: 'STATEMENT_INVALID',
      message: `the signed payload has the type "${first.type.slice(0, 100)}" instead of ${PAYLOAD_TYPE}`,
      origin: 'medium',
    });
  }
  const digest = digestOf(first.bytes);
  const further = [...files.signatures.values()].flatMap((bundle) => {
    const verified = verifyOther(bundle, policy, verifier);
    return verified !== undefined && verified.type === PAYLOAD_TYPE && digestOf(verified.bytes) === digest
      ? [verified.keyId]
      : [];
  });
  const ids = new Set([first.keyId, ...further]);
  return { payload: first.bytes, digest, signers: policy.keys.filter((key) => ids.has(key.id)) };
}

function verifyOther(
  bundle: Uint8Array,
  policy: TrustPolicy,
  verifier: Verifier,
): ReturnType<Verifier['verify']> | undefined {
  try {
    return verifier.verify(bundle, policy.keys);
  } catch (error) {
    if (isGapferryError(error)) return undefined;
    throw error;
  }
}

/** Do enough distinct owners among the signers fill the rule? `what` they signed, for messages. Throws `THRESHOLD_NOT_MET`. */
export function requireSigners(
  rule: Requirement,
  signers: readonly PolicyKey[],
  what = 'release',
): readonly PolicyKey[] {
  const counted = signers.filter((key) => rule.keys.includes(key.id));
  const owners = new Set(counted.map((key) => key.owner));
  if (owners.size >= rule.count) return counted;
  const have = owners.size === 0 ? 'none of them' : `only ${[...owners].join(', ')}`;
  throw new GapferryError({
    code: 'THRESHOLD_NOT_MET',
    message: `the trust policy wants ${rule.count} ${rule.role} signature(s) of distinct owners among ${rule.keys.join(', ')}; ${have} signed this ${what}`,
    hint: `have the ${what} signed by another ${rule.role} that the policy names`,
    origin: 'medium',
    data: { role: rule.role, wanted: rule.count, owners: [...owners] },
  });
}
