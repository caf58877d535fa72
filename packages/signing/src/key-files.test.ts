import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateKeyPair } from './generate-key-pair.ts';
import { loadPrivateKey } from './private-key.ts';
import { type KeyKind, loadPublicKey } from './public-key.ts';

const HAS_OPENSSL = openssl(['version']) !== undefined;
const KINDS = ['p256', 'p384', 'ed25519'] satisfies KeyKind[];

describe('key pairs', () => {
  it('are P-256 unless another kind is asked for', () => {
    const { publicPem } = generateKeyPair();
    expect(loadPublicKey(publicPem, 'key').asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  });

  it.each(KINDS)('of kind %s open again, with and without a passphrase', (kind) => {
    for (const passphrase of [undefined, 'correct horse', 'Grüße 🔑']) {
      const { privatePem, publicPem } = generateKeyPair(kind, passphrase);
      const der = { type: 'pkcs8', format: 'der' } as const;
      expect(loadPrivateKey(privatePem, passphrase).export(der).byteLength).toBeGreaterThan(40);
      expect(loadPublicKey(publicPem, 'key').type).toBe('public');
      expect(privatePem.includes('ENCRYPTED')).toBe(passphrase !== undefined);
    }
  });

  it('ignore a passphrase that a plain key does not need', () => {
    expect(loadPrivateKey(generateKeyPair().privatePem, 'unused').type).toBe('private');
  });

  it('are never encrypted under an empty passphrase', () => {
    expect(() => generateKeyPair('p256', '')).toThrow(expect.objectContaining({ code: 'KEY_UNUSABLE' }));
  });
});

describe('key pairs, seen by openssl', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'gapferry-keys-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it.for(KINDS)('%s: it derives the same public key from the encrypted private key', (kind, { skip }) => {
    skip(!HAS_OPENSSL, 'openssl is not on PATH');
    const { privatePem, publicPem } = generateKeyPair(kind, 'correct horse');
    const file = join(dir, `${kind}.key`);
    writeFileSync(file, privatePem, { mode: 0o600 });
    expect(openssl(['pkey', '-in', file, '-passin', 'pass:correct horse', '-pubout'])).toBe(publicPem);
    expect(openssl(['pkey', '-in', file, '-passin', 'pass:wrong', '-pubout'])).toBeUndefined();
  });

  it('the key is derived in 600,000 rounds of HMAC-SHA-256 and encrypted with AES-256', ({ skip }) => {
    skip(!HAS_OPENSSL, 'openssl is not on PATH');
    const file = join(dir, 'rounds.key');
    writeFileSync(file, generateKeyPair('p256', 'correct horse').privatePem, { mode: 0o600 });
    const parsed = openssl(['asn1parse', '-in', file]);
    expect(parsed).toContain('INTEGER           :0927C0');
    expect(parsed).toContain('hmacWithSHA256');
    expect(parsed).toContain('aes-256-cbc');
  });
});

describe('a private key that cannot be used', () => {
  const refused = (pem: string, passphrase?: string): { message: string; hint?: string } => {
    try {
      loadPrivateKey(pem, passphrase);
    } catch (error) {
      expect(error).toMatchObject({ code: 'KEY_UNUSABLE' });
      return error as { message: string; hint?: string };
    }
    throw new Error('it was accepted');
  };

  it('says that a passphrase is needed', () => {
    const { privatePem } = generateKeyPair('p256', 'correct horse');
    expect(refused(privatePem).message).toMatch(/no passphrase was given/);
    expect(refused(privatePem, '').message).toMatch(/no passphrase was given/);
  });

  it('says that the passphrase is wrong, and not what it was', () => {
    const { privatePem } = generateKeyPair('p256', 'correct horse');
    const error = refused(privatePem, 'battery staple');
    expect(error.message).toMatch(/does not open with this passphrase/);
    expect(JSON.stringify([error.message, error.hint, error])).not.toContain('battery staple');
  });

  it('says that it is damaged', () => {
    const { privatePem } = generateKeyPair();
    const lines = privatePem.split('\n');
    expect(refused([lines[0], ...lines.slice(2)].join('\n')).message).toMatch(/damaged/);
  });

  it.each([
    ['PUBLIC KEY', /is a public key/],
    ['EC PRIVATE KEY', /SEC1/],
    ['OPENSSH PRIVATE KEY', /SSH key/],
    ['ENCRYPTED SIGSTORE PRIVATE KEY', /format of cosign/],
    ['CERTIFICATE', /certificate/],
    ['SOMETHING ELSE', /not in PKCS#8/],
  ])('says that it is a %s', (label, expected) => {
    expect(refused(`-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`).message).toMatch(expected);
  });

  it('says that there is no key at all', () => {
    expect(refused('').message).toMatch(/not in PKCS#8/);
  });
});

describe('a public key that cannot be used', () => {
  it.for([
    ['an RSA key', ['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'], /type rsa/],
    [
      'a key on another curve',
      ['genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
      /secp256k1/,
    ],
    ['an Ed448 key', ['genpkey', '-algorithm', 'ED448'], /ed448/],
  ] as const)('is %s, and the error names it', ([_what, generate, expected], { skip }) => {
    skip(!HAS_OPENSSL, 'openssl is not on PATH');
    const privatePem = openssl(generate) ?? '';
    const publicPem = openssl(['pkey', '-pubout'], privatePem) ?? '';
    expect(() => loadPublicKey(publicPem, 'key anna')).toThrow(expected);
    expect(() => loadPublicKey(publicPem, 'key anna')).toThrow(/key anna/);
    expect(() => loadPrivateKey(privatePem)).toThrow(expect.objectContaining({ code: 'KEY_UNUSABLE' }));
  });

  it('is a private key, two keys, or nothing', () => {
    const { privatePem, publicPem } = generateKeyPair();
    for (const pem of [privatePem, publicPem + publicPem, '', publicPem.slice(0, 60), `x${publicPem}`])
      expect(() => loadPublicKey(pem, 'key')).toThrow(expect.objectContaining({ code: 'KEY_UNUSABLE' }));
  });
});

/** openssl's output, or undefined when it fails or is not there. */
function openssl(args: readonly string[], input = ''): string | undefined {
  try {
    return execFileSync('openssl', args, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
