import { randomBytes } from 'node:crypto';
import { canonicalBytes, checkRun, type SignedPayload, type Signer } from '@gapferry/core';

export interface MemorySigner extends Signer {
  readonly signed: readonly SignedPayload[];
}

/** Signatures that prove nothing, in the shape of real ones: a Sigstore bundle around a DSSE envelope, with other bytes each time, as ECDSA has. */
export function memorySigner(): MemorySigner {
  const signed: SignedPayload[] = [];
  return {
    signed,
    async sign(payload, run) {
      checkRun(run);
      signed.push(payload);
      return canonicalBytes({
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: { publicKey: { hint: 'memory' } },
        dsseEnvelope: {
          payload: Buffer.from(payload.bytes).toString('base64'),
          payloadType: payload.type,
          signatures: [{ keyid: '', sig: randomBytes(64).toString('base64') }],
        },
      });
    },
  };
}
