import { createHash } from 'node:crypto';
import { parseDigest } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { fingerprintOf, keyFingerprint } from './fingerprint.ts';
import { generateKeyPair } from './generate-key-pair.ts';
import { EVEN_WORDS, ODD_WORDS } from './pgp-words.ts';

describe('the fingerprint of a key', () => {
  it('is the sha256 of its SubjectPublicKeyInfo in DER', () => {
    const { publicPem } = generateKeyPair();
    const der = Buffer.from(publicPem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
    expect(keyFingerprint(publicPem).digest).toBe(`sha256:${createHash('sha256').update(der).digest('hex')}`);
  });

  it('does not depend on how the PEM is broken into lines', () => {
    const { publicPem } = generateKeyPair('ed25519');
    expect(keyFingerprint(publicPem.replaceAll('\n', '\r\n'))).toEqual(keyFingerprint(publicPem));
  });

  it('is refused for what is no public key', () => {
    expect(() => keyFingerprint('x')).toThrow(expect.objectContaining({ code: 'KEY_UNUSABLE' }));
  });
});

describe('the forms of a fingerprint', () => {
  it('are groups of four digits and the words of the PGP word list', () => {
    // The list's well-known example is 20 bytes long; twelve more make a sha256 of it.
    const { digits, words } = fingerprintOf(
      parseDigest('sha256:e58294f2e9a227486e8b061b31cc528fd7fa3f19000102030405060708090aff'),
    );
    expect(digits.slice(0, 49)).toBe('e582 94f2 e9a2 2748 6e8b 061b 31cc 528f d7fa 3f19');
    expect(words).toBe(
      'topmost istanbul pluto vagabond treadmill pacific brackish dictator goldfish medusa afflict bravado ' +
        'chatter revolver dupont midsummer stopwatch whimsical cowbell bottomless ' +
        'aardvark adviser accrue aggregate adrift almighty afflict amusement aimless applicant allow yucatan',
    );
  });

  it('have a word of their own for every byte in both places', () => {
    expect(EVEN_WORDS).toHaveLength(256);
    expect(ODD_WORDS).toHaveLength(256);
    expect(new Set([...EVEN_WORDS, ...ODD_WORDS]).size).toBe(512);
  });
});
