import { quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { keyFingerprint } from './fingerprint.ts';
import { generateKeyPair } from './generate-key-pair.ts';
import { keySigner } from './key-signer.ts';
import { keyVerifier } from './key-verifier.ts';

const TYPE = 'application/vnd.in-toto+json';

describe('a key signer', () => {
  it('notices a wrong passphrase before anything is signed', () => {
    const { privatePem } = generateKeyPair('p256', 'correct horse');
    expect(() => keySigner({ privatePem, passphrase: 'wrong' })).toThrow(
      expect.objectContaining({ code: 'KEY_UNUSABLE' }),
    );
  });

  it('writes the hint it was given', async () => {
    const { privatePem } = generateKeyPair();
    const bytes = await keySigner({ privatePem, hint: 'collector-2026' }).sign(
      { type: TYPE, bytes: Buffer.from('{}') },
      quietRun(),
    );
    expect(JSON.parse(Buffer.from(bytes).toString())).toMatchObject({
      verificationMaterial: { publicKey: { hint: 'collector-2026' } },
    });
  });

  it('signs only in-toto statements', async () => {
    const { privatePem } = generateKeyPair();
    const payload = { type: 'text/plain', bytes: Buffer.from('x') };
    await expect(keySigner({ privatePem }).sign(payload, quietRun())).rejects.toThrow(/text\/plain/);
  });

  it('signs what a verifier accepts, up to the size limit of a bundle', async () => {
    const { privatePem, publicPem } = generateKeyPair();
    const key = { id: 'anna', owner: 'anna', pem: publicPem };
    const signer = keySigner({ privatePem });
    for (const size of [1, 2, 3, 700_000]) {
      const bytes = Buffer.alloc(size, 'x');
      const bundle = await signer.sign({ type: TYPE, bytes }, quietRun());
      expect(Buffer.from(keyVerifier().verify(bundle, [key]).bytes)).toEqual(bytes);
    }
  });
});

describe('the key verifier', () => {
  it('tells the fingerprint of a key that it does not know as people compare it', async () => {
    const [signing, other] = [generateKeyPair(), generateKeyPair()];
    const payload = { type: TYPE, bytes: Buffer.from('{}') };
    const bundle = await keySigner({ privatePem: signing.privatePem }).sign(payload, quietRun());
    const { digits } = keyFingerprint(signing.publicPem);
    expect(() => keyVerifier().verify(bundle, [{ id: 'anna', owner: 'a', pem: other.publicPem }])).toThrow(
      expect.objectContaining({ code: 'KEY_UNKNOWN', message: expect.stringContaining(digits) }),
    );
  });

  it('takes the key named by the hint, by id or by fingerprint, and says so when it did not sign', async () => {
    const [signing, other] = [generateKeyPair(), generateKeyPair()];
    const payload = { type: TYPE, bytes: Buffer.from('{}') };
    const bundle = await keySigner({ privatePem: signing.privatePem, hint: 'anna' }).sign(
      payload,
      quietRun(),
    );
    expect(() => keyVerifier().verify(bundle, [{ id: 'anna', owner: 'a', pem: other.publicPem }])).toThrow(
      expect.objectContaining({ code: 'SIGNATURE_INVALID', data: { keys: ['anna'] } }),
    );
    expect(() => keyVerifier().verify(bundle, [{ id: 'boris', owner: 'b', pem: other.publicPem }])).toThrow(
      expect.objectContaining({ code: 'KEY_UNKNOWN' }),
    );
  });

  it('does not hide that a trusted key itself cannot be read', async () => {
    const { privatePem, publicPem } = generateKeyPair();
    const bundle = await keySigner({ privatePem }).sign({ type: TYPE, bytes: Buffer.from('{}') }, quietRun());
    const keys = [
      { id: 'anna', owner: 'a', pem: publicPem },
      { id: 'broken', owner: 'b', pem: 'x' },
    ];
    expect(() => keyVerifier().verify(bundle, keys)).toThrow(/key broken is not a public key/);
  });
});
