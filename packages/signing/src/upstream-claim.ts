import type { UpstreamCheck } from '@gapferry/core';
import type { Bundle } from '@sigstore/bundle';

/** A signature whose signed bytes name the subject as what it is about. Whether the signature is right, and whose, is not known yet. */
export interface Claim {
  /** Exactly the bytes that the signature is over. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
  /** What a bundle calls the signing key. Not signed. */
  readonly hint?: string;
  /** Proof of who signed and when: absent where the claim has no certificate. */
  readonly certified?: Certified;
}

export interface Certified {
  readonly bundle: Bundle;
  /** What a message signature is over; undefined for DSSE, whose bundle has it. */
  readonly artifact?: Buffer;
}

/** One demand, ready to judge: its key or trusted root is read. */
export interface Judge {
  readonly check: UpstreamCheck;
  /** Throws `KEY_UNKNOWN` or `SIGNATURE_INVALID`. */
  require(claim: Claim): void;
}
