import type { Run } from './run.ts';

/** Signs outside. Returns the bytes of a Sigstore bundle v0.3 (JSON) that holds one DSSE envelope with one signature and an empty `keyid`. */
export interface Signer {
  sign(payload: SignedPayload, run: Run): Promise<Uint8Array>;
}

export interface SignedPayload {
  /** DSSE payload type: `application/vnd.in-toto+json`. */
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** A public key that the site's policy names. */
export interface TrustedKey {
  /** The key's name in the policy. */
  readonly id: string;
  readonly owner: string;
  /** SubjectPublicKeyInfo in PEM. */
  readonly pem: string;
}

/** Checks one Sigstore bundle against keys. Synchronous on purpose: an async verifier invites the network.
 *  Returns the payload and the id of the key whose signature is right. Hints in the bundle select, they never trust. Throws `SIGNATURE_MISSING` (no signature in
 *  the envelope), `SIGNATURE_INVALID` (malformed, more than one, or no known key made it although one is hinted at) or `KEY_UNKNOWN`. */
export interface Verifier {
  verify(bundle: Uint8Array, keys: readonly TrustedKey[]): VerifiedPayload;
}

export interface VerifiedPayload extends SignedPayload {
  readonly keyId: string;
}
