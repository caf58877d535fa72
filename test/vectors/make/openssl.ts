import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A throw-away key: the private half lives only in this process. */
export interface ThrowAwayKey {
  readonly privatePem: string;
  readonly publicPem: string;
}

const ALGORITHMS = {
  p256: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  p384: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  ed25519: ['-algorithm', 'ED25519'],
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
} as const;

export function newKey(kind: keyof typeof ALGORITHMS = 'p256'): ThrowAwayKey {
  const privatePem = openssl(['genpkey', ...ALGORITHMS[kind]]).toString();
  return { privatePem, publicPem: openssl(['pkey', '-pubout'], privatePem).toString() };
}

/** 64 hex digits. */
export function sha256(bytes: string | Uint8Array): string {
  return openssl(['dgst', '-sha256', '-r'], bytes).toString().slice(0, 64);
}

export function digest(bytes: string | Uint8Array): string {
  return `sha256:${sha256(bytes)}`;
}

/** Base64 of the sha256 of the SubjectPublicKeyInfo: the hint that cosign writes. */
export function keyHint({ publicPem }: ThrowAwayKey): string {
  return Buffer.from(spki(publicPem), 'hex').toString('base64');
}

/** sha256 of a key's SubjectPublicKeyInfo in DER, 64 hex digits. */
export function spki(publicPem: string): string {
  return sha256(openssl(['pkey', '-pubin', '-outform', 'DER'], publicPem));
}

/** Base64 of the signature over a DSSE envelope's pre-authentication encoding (DSSE v1, protocol.md). */
export function signEnvelope(key: ThrowAwayKey, type: string, payload: Uint8Array): string {
  const encoding = Buffer.concat([
    Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.byteLength} `),
    payload,
  ]);
  const directory = mkdtempSync(join(tmpdir(), 'gapferry-vectors-'));
  try {
    const [keyFile, dataFile, signatureFile] = ['key', 'data', 'sig'].map((name) => join(directory, name));
    writeFileSync(keyFile ?? '', key.privatePem, { mode: 0o600 });
    writeFileSync(dataFile ?? '', encoding);
    const isEd25519 = openssl(['pkey', '-noout', '-text'], key.privatePem).includes('ED25519');
    const hash = isEd25519 ? ['-rawin'] : ['-rawin', '-digest', 'sha256'];
    openssl([
      'pkeyutl',
      '-sign',
      '-inkey',
      keyFile ?? '',
      ...hash,
      '-in',
      dataFile ?? '',
      '-out',
      signatureFile ?? '',
    ]);
    return readFileSync(signatureFile ?? '').toString('base64');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function openssl(args: readonly string[], input: string | Uint8Array = ''): Buffer {
  return execFileSync('openssl', args, { input, stdio: ['pipe', 'pipe', 'pipe'] });
}
