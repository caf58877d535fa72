import { type Digest, hexOf } from '@gapferry/core';
import { EVEN_WORDS, ODD_WORDS } from './pgp-words.ts';
import { loadPublicKey, publicKeyDigest } from './public-key.ts';

/** A sha256 in the forms in which people compare it. All of them carry all 256 bits. */
export interface Fingerprint {
  readonly digest: Digest;
  /** 16 groups of four hex digits, separated by spaces. */
  readonly digits: string;
  /** 32 words of the PGP word list, separated by spaces: for reading aloud. */
  readonly words: string;
}

/** The fingerprint of a public key in PEM: sha256 of its SubjectPublicKeyInfo in DER, whatever line breaks the PEM has. Throws `KEY_UNUSABLE`. */
export function keyFingerprint(publicPem: string): Fingerprint {
  return fingerprintOf(publicKeyDigest(loadPublicKey(publicPem, 'the public key')));
}

/** Any digest as a fingerprint, for example that of a trust policy before it is pinned. */
export function fingerprintOf(digest: Digest): Fingerprint {
  const hex = hexOf(digest);
  return {
    digest,
    digits: (hex.match(/.{4}/g) ?? []).join(' '),
    words: Array.from(Buffer.from(hex, 'hex'), wordAt).join(' '),
  };
}

function wordAt(byte: number, place: number): string {
  return (place % 2 === 0 ? EVEN_WORDS : ODD_WORDS)[byte] ?? '';
}
