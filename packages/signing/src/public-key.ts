import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { type Digest, digestFromHex, GapferryError } from '@gapferry/core';

/** The key kinds gapferry signs with and accepts. */
export type KeyKind = 'p256' | 'p384' | 'ed25519';

/** Reads a public key: SubjectPublicKeyInfo (RFC 5280) in one PEM block `PUBLIC KEY`. `what` names it in errors (`key collector-2026`).
 *  Throws `KEY_UNUSABLE` for everything else: private keys, certificates, SSH keys, RSA, other curves. */
export function loadPublicKey(pem: string, what: string): KeyObject {
  const key = readPublicKey(pem, what);
  requireKeyKind(key, what);
  return key;
}

/** Which of the accepted kinds a key is. Throws `KEY_UNUSABLE` when it is none of them. */
export function requireKeyKind(key: KeyObject, what: string): KeyKind {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519';
  if (key.asymmetricKeyType === 'ec' && curve === 'prime256v1') return 'p256';
  if (key.asymmetricKeyType === 'ec' && curve === 'secp384r1') return 'p384';
  throw unusable(
    `${what} is a key of type ${key.asymmetricKeyType ?? 'unknown'}${curve === undefined ? '' : ` on curve ${curve}`}`,
    'use an ECDSA key on P-256 or P-384, or an Ed25519 key: gapferry keys generate makes one',
  );
}

/** sha256 of the SubjectPublicKeyInfo in DER: what names a key everywhere. */
export function publicKeyDigest(key: KeyObject): Digest {
  return digestFromHex(
    createHash('sha256')
      .update(key.export({ type: 'spki', format: 'der' }))
      .digest('hex'),
  );
}

/** A public key of any kind in one PEM block. Throws `KEY_UNUSABLE`. */
export function readPublicKey(pem: string, what: string): KeyObject {
  if (pem.length > 16_384 || !/^\s*-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----\s*$/.test(pem))
    throw unusable(
      `${what} is not a public key in PEM form${foundInstead(pem)}`,
      'the file begins with -----BEGIN PUBLIC KEY----- and holds nothing else; gapferry keys generate writes it as NAME.pub',
    );
  try {
    return createPublicKey({ key: pem, format: 'pem', type: 'spki' });
  } catch (cause) {
    throw unusable(`${what} cannot be read as a public key`, 'copy the .pub file again', cause);
  }
}

function foundInstead(pem: string): string {
  const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(pem)?.[1];
  return label === undefined ? '' : `; it holds "${label}"`;
}

export function unusable(message: string, hint: string, cause?: unknown): GapferryError {
  return new GapferryError({ code: 'KEY_UNUSABLE', message, hint, ...(cause !== undefined && { cause }) });
}
