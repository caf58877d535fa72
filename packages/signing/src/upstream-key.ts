import { type KeyObject, verify } from 'node:crypto';
import { type Digest, GapferryError, type UpstreamKeyDemand } from '@gapferry/core';
import { publicKeyDigest, readPublicKey, unusable } from './public-key.ts';
import type { Claim, Judge } from './upstream-claim.ts';

/** Holds claims against one public key, as `cosign verify --key KEY --insecure-ignore-tlog` does: nothing but the key counts, whatever log entries, certificates and timestamps come along.
 *  Kinds of keys that cosign makes: ECDSA P-256 (SHA-256), P-384 (SHA-384 or SHA-256), Ed25519 (RFC 8032, pure), RSA from 2048 bits (PKCS #1 v1.5, SHA-256). Throws `KEY_UNUSABLE` for others. */
export function keyJudge(demand: UpstreamKeyDemand): Judge {
  const what = `the upstream key ${demand.name}`;
  const key = readPublicKey(demand.pem, what);
  const hashes = hashesOf(key, what);
  const digest = publicKeyDigest(key);
  return {
    check: { by: 'cosign-key', key: digest },
    require: (claim) => requireSignature(claim, { key, hashes, digest, what }),
  };
}

interface UpstreamKey {
  readonly key: KeyObject;
  readonly hashes: readonly (string | undefined)[];
  readonly digest: Digest;
  readonly what: string;
}

function requireSignature({ signed, signature, hint }: Claim, upstream: UpstreamKey): void {
  const { key, hashes, digest, what } = upstream;
  if (hashes.some((hash) => isSignature(hash, signed, key, signature))) return;
  const hinted = hint === Buffer.from(digest.slice('sha256:'.length), 'hex').toString('base64');
  throw new GapferryError(
    hinted
      ? { code: 'SIGNATURE_INVALID', message: `it names ${what}, which did not make this signature` }
      : { code: 'KEY_UNKNOWN', message: `${what} did not make it` },
  );
}

/** Malformed signatures are wrong ones. */
function isSignature(
  hash: string | undefined,
  signed: Uint8Array,
  key: KeyObject,
  signature: Uint8Array,
): boolean {
  try {
    return verify(hash, signed, key, signature);
  } catch {
    return false;
  }
}

/** Hashes that a signature by the key may be over; `undefined`: over the bytes themselves. Throws `KEY_UNUSABLE`. */
export function hashesOf(key: KeyObject, what: string): readonly (string | undefined)[] {
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'ed25519') return [undefined];
  if (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048 && modulusLength <= 8192) return ['sha256'];
  if (namedCurve === 'prime256v1') return ['sha256'];
  // cosign signs with the hash that fits the curve, and verifies with SHA-256 unless it is told otherwise: both are in use.
  if (namedCurve === 'secp384r1') return ['sha384', 'sha256'];
  throw unusable(
    `${what} is a key of type ${key.asymmetricKeyType}${namedCurve === undefined ? '' : ` on curve ${namedCurve}`}${modulusLength === 0 ? '' : ` with ${modulusLength} bits`}`,
    'upstream keys are ECDSA P-256 or P-384, Ed25519, or RSA with 2048 to 8192 bits',
  );
}
