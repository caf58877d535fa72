import { policyOf, simulatedTrust, testKey } from '@gapferry/bundle/testing';
import { digestOf, shortDigest } from '@gapferry/core';
import { fingerprintOf } from '@gapferry/signing';
import { expect, it } from 'vitest';
import { policyJson, policyText } from './describe-policy.ts';

it('who must have signed repositories is shown with the digests of the files', () => {
  const trust = {
    ...simulatedTrust(testKey('collector')),
    upstream: [
      {
        match: 'git.example.org/**',
        git: { allowedSigners: 'signers', keyring: 'org.gpg', refs: ['v*', 'HEAD'] },
      },
      { match: '**', git: { keyring: 'org.gpg' } },
    ],
  };
  const files = { signers: Buffer.from('ada'), 'org.gpg': Buffer.from([0x99, 0xff]) };
  const policy = policyOf(trust, new Map(Object.entries(files)));
  const [signers, keyring] = [digestOf(files.signers), digestOf(files['org.gpg'])];
  const text = policyText(policy, fingerprintOf(policy.digest));
  expect(text).toContain(
    `  git.example.org/**: Git signers of v*, HEAD: signers  ${shortDigest(signers)} or org.gpg  ${shortDigest(keyring)}`,
  );
  expect(text).toContain(`  **: Git signers of all refs: org.gpg  ${shortDigest(keyring)}`);
  expect(policyJson(policy, fingerprintOf(policy.digest))['upstream']).toEqual([
    { match: 'git.example.org/**', by: 'git', allowedSigners: signers, keyring, refs: ['v*', 'HEAD'] },
    { match: '**', by: 'git', keyring },
  ]);
});

it('who may order that a channel goes back is shown beside who may send', () => {
  const trust = simulatedTrust(testKey('collector'));
  const overrides = [{ role: 'approver', keys: ['collector'], count: 1 }];
  const channels = { 'line-a': { ...trust.channels['line-a'], overrides } };
  const policy = policyOf({ ...trust, channels });
  expect(policyText(policy, fingerprintOf(policy.digest))).toContain('; back with 1 approver of collector');
  expect(policyJson(policy, fingerprintOf(policy.digest))['channels']).toMatchObject({
    'line-a': { overrides: [{ role: 'approver', keys: ['collector'], count: 1 }] },
  });
});
