import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { encryptPrivateKey } from './encrypted-private-key.ts';
import { type KeyKind, unusable } from './public-key.ts';

export interface KeyPair {
  /** PKCS#8 in PEM; encrypted when a passphrase was given. Whoever stores it makes the file readable for its owner only. */
  readonly privatePem: string;
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicPem: string;
}

/** Makes a new key pair. P-256 unless told otherwise: the kind that every verifier of Sigstore bundles knows. Throws `KEY_UNUSABLE` for an empty passphrase. */
export function generateKeyPair(kind: KeyKind = 'p256', passphrase?: string): KeyPair {
  if (passphrase === '')
    throw unusable(
      'the passphrase is empty',
      'give a passphrase, or none at all for a key that is not encrypted',
    );
  const { privateKey, publicKey } = generate(kind);
  return {
    privatePem:
      passphrase === undefined
        ? privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
        : encryptPrivateKey(privateKey.export({ type: 'pkcs8', format: 'der' }), passphrase),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

function generate(kind: KeyKind): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (kind) {
    case 'p256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'p384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'ed25519':
      return generateKeyPairSync('ed25519');
  }
}
