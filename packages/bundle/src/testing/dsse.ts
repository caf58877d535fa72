import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import {
  GapferryError,
  type SignedPayload,
  type Signer,
  type TrustedKey,
  type Verifier,
} from '@gapferry/core';

/** A key pair of somebody, trusted or not. */
export interface TestKey {
  /** Name in a policy. */
  readonly id: string;
  readonly publicPem: string;
  readonly privateKey: KeyObject;
}

export function testKey(id: string): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { id, privateKey, publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

/** One DSSE envelope in a Sigstore bundle v0.3 (secure-systems-lab/dsse, protocol.md; sigstore protobuf-specs), by hand. */
export function seal(key: TestKey, payload: Uint8Array, type = 'application/vnd.in-toto+json'): Uint8Array {
  const sig = sign('sha256', preAuthEncoding(type, payload), key.privateKey).toString('base64');
  return Buffer.from(
    JSON.stringify({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { publicKey: { hint: key.id } },
      dsseEnvelope: {
        payload: Buffer.from(payload).toString('base64'),
        payloadType: type,
        signatures: [{ sig, keyid: '' }],
      },
    }),
  );
}

export function testSigner(key: TestKey): Signer {
  return { sign: async ({ type, bytes }) => seal(key, bytes, type) };
}

/** Checks what `seal` makes, with nothing but node:crypto. Takes note of the bundles it was asked about. */
export function testVerifier(): Verifier & { readonly asked: readonly Uint8Array[] } {
  const asked: Uint8Array[] = [];
  return {
    asked,
    verify: (bundle, keys) => {
      asked.push(bundle);
      const { type, bytes, signature } = openEnvelope(bundle);
      const key = keys.find(({ pem }) =>
        verify('sha256', preAuthEncoding(type, bytes), createPublicKey(pem), signature),
      );
      if (key === undefined) throw noSigner(keys);
      return { type, bytes, keyId: key.id };
    },
  };
}

function openEnvelope(bundle: Uint8Array): SignedPayload & { readonly signature: Uint8Array } {
  try {
    const { dsseEnvelope } = JSON.parse(Buffer.from(bundle).toString('utf8')) as {
      dsseEnvelope: { payload: string; payloadType: string; signatures: [{ sig: string }] };
    };
    const { payload, payloadType, signatures } = dsseEnvelope;
    return {
      type: payloadType,
      bytes: Buffer.from(payload, 'base64'),
      signature: Buffer.from(signatures[0].sig, 'base64'),
    };
  } catch (cause) {
    throw new GapferryError({ code: 'SIGNATURE_INVALID', message: 'this is no envelope', cause });
  }
}

function noSigner(keys: readonly TrustedKey[]): GapferryError {
  return new GapferryError({
    code: 'KEY_UNKNOWN',
    message: `none of ${keys.map(({ id }) => id).join(', ')} made this signature`,
  });
}

function preAuthEncoding(type: string, payload: Uint8Array): Buffer {
  const header = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.byteLength} `;
  return Buffer.concat([Buffer.from(header), payload]);
}
