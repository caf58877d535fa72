import {
  type Digest,
  type ErrorCode,
  GapferryError,
  type SignatureMaterial,
  shortDigest,
  type UpstreamCheck,
  type UpstreamDemand,
  type UpstreamVerifier,
} from '@gapferry/core';
import { bundleClaim } from './bundle-claim.ts';
import { simpleSigningClaim } from './simple-signing-claim.ts';
import type { Claim, Judge } from './upstream-claim.ts';
import { identityJudge } from './upstream-identity.ts';
import { keyJudge } from './upstream-key.ts';

/** More than any artifact has that is signed again and again. */
const MAX_MATERIAL = 1000;

/** Checks cosign's signatures of images and charts: offline, synchronous, without state. Only the demand's key or trusted root counts, never what came with the artifact.
 *  Also throws `KEY_UNUSABLE` when the demand itself cannot be read, and `LIMIT_EXCEEDED`. */
export function upstreamVerifier(): UpstreamVerifier {
  return { verify };
}

/** Reads the demand's key or trusted root and says what the manifest would record. Throws `KEY_UNUSABLE`. */
export function requireUsableDemand(demand: UpstreamDemand): UpstreamCheck {
  return judgeOf(demand).check;
}

function judgeOf(demand: UpstreamDemand): Judge {
  return demand.by === 'cosign-key' ? keyJudge(demand) : identityJudge(demand);
}

function verify(
  subject: Digest,
  material: readonly SignatureMaterial[],
  demand: UpstreamDemand,
): UpstreamCheck {
  const judge = judgeOf(demand);
  if (material.length > MAX_MATERIAL)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${shortDigest(subject)} has ${material.length} signatures; the limit is ${MAX_MATERIAL}`,
    });
  const refusals: GapferryError[] = [];
  for (const one of material) {
    const refusal = refusalOf(subject, one, judge);
    if (refusal === undefined) return judge.check;
    refusals.push(refusal);
  }
  throw unmet(subject, demand, refusals);
}

function refusalOf(subject: Digest, material: SignatureMaterial, judge: Judge): GapferryError | undefined {
  try {
    judge.require(readClaim(subject, material));
    return undefined;
  } catch (error) {
    if (error instanceof GapferryError) return error;
    throw error;
  }
}

/** Untrusted material as a claim about the subject. Throws `SIGNATURE_MISSING` when it is something else than a signature (an attestation), `SIGNATURE_INVALID` when it is malformed or about another subject. */
function readClaim(subject: Digest, material: SignatureMaterial): Claim {
  return material.form === 'simple-signing'
    ? simpleSigningClaim(subject, material)
    : bundleClaim(subject, material);
}

/** Gravest first: what is wrong, then what is somebody else's, then what is no signature at all. */
const GRAVITY: readonly ErrorCode[] = ['SIGNATURE_INVALID', 'KEY_UNKNOWN', 'SIGNATURE_MISSING'];

function unmet(subject: Digest, demand: UpstreamDemand, refusals: readonly GapferryError[]): GapferryError {
  const code = GRAVITY.find((one) => refusals.some((refusal) => refusal.code === one)) ?? 'SIGNATURE_MISSING';
  const reasons = [...new Set(refusals.map(({ message }) => message))];
  const more = reasons.length > 3 ? '; …' : '';
  const found =
    code === 'SIGNATURE_MISSING'
      ? 'no signature came with it'
      : `none of what came with it is one: ${reasons.slice(0, 3).join('; ')}${more}`;
  return new GapferryError({
    code,
    message: `${shortDigest(subject)} must be signed ${describeDemand(demand)}, but ${found}`,
    data: { subject, demand: describeDemand(demand), reasons: reasons.slice(0, 20) },
  });
}

function describeDemand(demand: UpstreamDemand): string {
  return demand.by === 'cosign-key'
    ? `with the cosign key ${demand.name}`
    : `by ${demand.identity} of ${demand.issuer}`;
}
