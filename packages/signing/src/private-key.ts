import { createPrivateKey, type KeyObject } from 'node:crypto';
import { requireKeyKind, unusable } from './public-key.ts';

/** Reads a private key: PKCS#8 in PEM, plain (`PRIVATE KEY`) or encrypted (`ENCRYPTED PRIVATE KEY`).
 *  Throws `KEY_UNUSABLE` with what to do: no passphrase given, wrong passphrase, another format, another kind of key. Nothing of the key is in the error. */
export function loadPrivateKey(pem: string, passphrase?: string): KeyObject {
  const label = /^\s*-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(pem)?.[1];
  if (label !== 'PRIVATE KEY' && label !== 'ENCRYPTED PRIVATE KEY') throw otherFormat(label);
  if (label === 'ENCRYPTED PRIVATE KEY') requirePassphrase(passphrase);
  const key = readPrivateKey(pem, label === 'PRIVATE KEY' ? undefined : passphrase);
  requireKeyKind(key, 'the private key');
  return key;
}

function requirePassphrase(passphrase: string | undefined): void {
  if (passphrase !== undefined && passphrase !== '') return;
  throw unusable('the private key is encrypted and no passphrase was given', 'give its passphrase');
}

/** The cause is left out on purpose: OpenSSL's text says nothing to an operator. */
function readPrivateKey(pem: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
  } catch {
    if (passphrase === undefined)
      throw unusable('the private key is damaged', 'restore the key file from its backup');
    throw unusable(
      'the private key does not open with this passphrase',
      'check the passphrase; if it is right, the key file is damaged',
    );
  }
}

const ADVICE: Readonly<Record<string, readonly [found: string, hint: string]>> = {
  'PUBLIC KEY': ['is a public key', 'give the file without .pub'],
  CERTIFICATE: ['is a certificate', 'give the private key'],
  'EC PRIVATE KEY': ['is in the SEC1 format', 'convert it: openssl pkcs8 -topk8 -in KEY -out KEY.pk8'],
  'OPENSSH PRIVATE KEY': ['is an SSH key', 'make a signing key with gapferry keys generate'],
  'ENCRYPTED SIGSTORE PRIVATE KEY': [
    'is in the format of cosign',
    'make a signing key with gapferry keys generate; cosign verifies what it signs',
  ],
  'ENCRYPTED COSIGN PRIVATE KEY': [
    'is in the format of cosign',
    'make a signing key with gapferry keys generate; cosign verifies what it signs',
  ],
};

function otherFormat(label: string | undefined): Error {
  const [found, hint] = ADVICE[label ?? ''] ?? [
    'is not in PKCS#8 PEM form',
    'its first line says BEGIN PRIVATE KEY or BEGIN ENCRYPTED PRIVATE KEY; gapferry keys generate writes one',
  ];
  return unusable(`what was given as the private key ${found}`, hint);
}
