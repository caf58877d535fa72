import type { ReleaseFiles, Verifier } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { requireSigners, verifySignatures } from './signatures.ts';
import {
  digest,
  policyOf,
  seal,
  simulatedRelease,
  simulatedTrust,
  testKey,
  testVerifier,
} from './testing/index.ts';

const [anna, boris, carla] = [testKey('anna'), testKey('boris'), testKey('carla')];
const policy = policyOf(simulatedTrust(anna, boris));
const release = simulatedRelease({ files: { a: 'a' } });

function signersOf(files: ReleaseFiles, verifier: Verifier = testVerifier()): string[] {
  return verifySignatures(files, policy, verifier).signers.map(({ id }) => id);
}

describe('signatures over a statement', () => {
  it('give its bytes, its digest, and who signed exactly these bytes, each once', () => {
    const files = release.seal(anna, boris, boris);
    const signed = verifySignatures(files, policy, testVerifier());
    expect(signed.digest).toBe(digest(signed.payload));
    expect(JSON.parse(Buffer.from(signed.payload).toString()).predicate.channel).toBe('line-a');
    expect(signed.signers.map(({ id }) => id)).toEqual(['anna', 'boris']);
  });

  it('by a stranger beside a good one count for nothing', () => {
    expect(signersOf(release.seal(anna, carla))).toEqual(['anna']);
  });

  it('by a stranger in the first place refuse the release, whoever else signed', () => {
    expect(() => signersOf(release.seal(carla, anna))).toThrow(
      expect.objectContaining({ code: 'KEY_UNKNOWN' }),
    );
  });

  it('over other bytes, or of another type, count for nothing', () => {
    const files = release.seal(anna);
    const payload = verifySignatures(files, policy, testVerifier()).payload;
    for (const other of [
      seal(boris, Buffer.from('{}')),
      seal(boris, payload, 'text/plain'),
      Buffer.from('no envelope'),
    ])
      expect(signersOf({ ...files, signatures: new Map([['x', other]]) })).toEqual(['anna']);
    expect(signersOf({ ...files, signatures: new Map([['x', seal(boris, payload)]]) })).toEqual([
      'anna',
      'boris',
    ]);
  });

  it('do not hide a bug of the verifier', () => {
    const files = release.seal(anna, boris);
    const good = testVerifier();
    let calls = 0;
    const broken: Verifier = {
      verify: (bundle, keys) => {
        if (++calls === 2) throw new TypeError('broken');
        return good.verify(bundle, keys);
      },
    };
    expect(() => signersOf(files, broken)).toThrow(TypeError);
  });
});

describe('a rule of the policy', () => {
  const rule = { role: 'collector', keys: ['anna', 'boris'], count: 2, distinctFrom: [] } as const;
  const [a, b] = policy.keys;

  it('is filled by enough distinct owners', () => {
    const signers = policy.keys;
    expect(requireSigners(rule, signers)).toEqual(signers);
  });

  it.each([
    ['nobody', [], /none of them/],
    ['one owner', [a], /only anna/],
    ['one owner with two keys', [a, b && { ...b, owner: 'anna' }], /only anna/],
    ['keys it does not name', [a, b && { ...b, id: 'other' }], /only anna/],
  ])('is not filled by %s', (_, signers, message) => {
    const given = signers.filter((key) => key !== undefined);
    expect(() => requireSigners(rule, given)).toThrow(
      expect.objectContaining({ code: 'THRESHOLD_NOT_MET', message: expect.stringMatching(message) }),
    );
  });
});
