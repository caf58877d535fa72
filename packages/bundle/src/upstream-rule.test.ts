import { generateKeyPairSync } from 'node:crypto';
import { canonicalBytes, digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { type Loose, simulatedTrust, testKey } from './testing/index.ts';
import { parseTrustPolicy, type TrustPolicy } from './trust-policy.ts';

const collector = testKey('collector');
const org = testKey('org');
const ROOT = JSON.stringify({ certificateAuthorities: [{ uri: 'https://fulcio.example' }], tlogs: [] });
const rsa = pemOf('rsa', 2048);

function pemOf(type: 'rsa', modulusLength: number): string {
  return generateKeyPairSync(type, { modulusLength })
    .publicKey.export({ type: 'spki', format: 'pem' })
    .toString();
}

function policy(upstream: Loose, files: Readonly<Record<string, string>> = {}): TrustPolicy {
  const draft = parseTrustPolicy(JSON.stringify({ ...simulatedTrust(collector), upstream }), 'trust.yaml');
  return draft.complete(new Map(Object.entries(files)));
}

describe('what a trust policy demands of upstream', () => {
  it('is read with its keys and trusted roots', () => {
    const identity = { identity: 'https://ci.example/app', issuer: 'https://issuer.example' };
    const { upstream } = policy(
      [
        { match: 'ghcr.io/org/**', cosign: { key: 'keys/org.pub' } },
        { match: 'quay.io/**', cosign: { pem: rsa } },
        { match: '**', cosign: { ...identity, trustedRoot: 'root.json' } },
      ],
      { 'keys/org.pub': org.publicPem, 'root.json': ROOT },
    );
    expect(upstream).toEqual([
      { match: 'ghcr.io/org/**', demand: { by: 'cosign-key', name: 'keys/org.pub', pem: org.publicPem } },
      { match: 'quay.io/**', demand: { by: 'cosign-key', name: 'of the policy', pem: rsa } },
      { match: '**', demand: { by: 'cosign-identity', ...identity, trustedRoot: Buffer.from(ROOT) } },
    ]);
  });

  it('names the files that must be read', () => {
    const trust = { ...simulatedTrust(collector), upstream: [{ match: '**', cosign: { key: 'a.pub' } }] };
    trust.upstream.push({ match: '**', cosign: { identity: 'i', issuer: 's', trustedRoot: 'r.json' } });
    expect(parseTrustPolicy(JSON.stringify(trust), 'trust.yaml').keyFiles).toEqual(['a.pub', 'r.json']);
  });

  it('of repositories is read with its files, as bytes', () => {
    const keyring = Buffer.from([0x99, 0xff, 0x00]);
    const entry = { match: 'git.example.org/**', git: { allowedSigners: 's', keyring: 'k', refs: ['v*'] } };
    const draft = parseTrustPolicy(
      JSON.stringify({ ...simulatedTrust(collector), upstream: [entry] }),
      'trust.yaml',
    );
    expect(draft.keyFiles).toEqual(['s', 'k']);
    const read = (files: Readonly<Record<string, string | Uint8Array>>): TrustPolicy =>
      draft.complete(new Map(Object.entries(files)));
    const { upstream, digest } = read({ s: 'ada', k: keyring });
    expect(upstream).toEqual([
      {
        match: 'git.example.org/**',
        signers: {
          allowedSigners: { name: 's', content: Buffer.from('ada') },
          keyring: { name: 'k', content: keyring },
        },
        refs: ['v*'],
      },
    ]);
    expect(read({ s: 'bob', k: keyring }).digest).not.toBe(digest);
    expect(read({ s: 'ada', k: Buffer.from([0x99, 0xff, 0x01]) }).digest).not.toBe(digest);
    expect(() => read({ s: 'ada' })).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it.each([
    { git: {} },
    { git: { refs: ['main'] } },
    { git: { keyring: 'k', refs: [] } },
    { git: { keyring: 'k', pem: org.publicPem } },
    { git: { keyring: 'k' }, cosign: { pem: org.publicPem } },
  ])('of repositories is refused as %j', (entry) => {
    const refused = expect.objectContaining({ code: 'CONFIG_INVALID' });
    expect(() => policy([{ match: '**', ...entry }], { k: 'keys' })).toThrow(refused);
  });

  it.each(['https://git.example.org/ops/**', 'git@git.example.org:ops/app', 'ssh://git@git.example.org/**'])(
    'of repositories is refused where it could never fit a name: "%s"',
    (match) => {
      const refused = expect.objectContaining({ code: 'CONFIG_INVALID' });
      expect(() => policy([{ match, git: { keyring: 'k' } }], { k: 'keys' })).toThrow(refused);
    },
  );

  it.each([
    'heads/main',
    'tags/v*',
    'refs/remotes/*',
    'refs/heads',
    'refs/tags/',
    'refs/Heads/main',
    '/main',
  ])('of repositories is refused where it could never fit a ref: "%s"', (ref) => {
    const refused = expect.objectContaining({ code: 'CONFIG_INVALID' });
    expect(() => policy([{ match: '**', git: { keyring: 'k', refs: [ref] } }], { k: 'keys' })).toThrow(
      refused,
    );
  });

  it.each([
    '*',
    'refs/*',
    'refs/h*',
    'refs/*/v1',
    'refs/heads/*',
    'refs/tags/v1',
    'v1.*',
    'HEAD',
    'release/1',
  ])('of repositories may name the refs "%s"', (ref) => {
    const { upstream } = policy([{ match: '**', git: { keyring: 'k', refs: [ref] } }], { k: 'keys' });
    expect(upstream).toHaveLength(1);
  });

  it.each([
    'oci://ghcr.io/org/**',
    'nginx',
    '*',
    'nginx:*',
    'library/nginx',
    'index.docker.io/library/*',
    '',
  ])('is refused where it could never fit a full name: "%s"', (match) => {
    const refused = expect.objectContaining({ code: 'CONFIG_INVALID' });
    expect(() => policy([{ match, cosign: { pem: org.publicPem } }])).toThrow(refused);
  });

  it.each(['**', '**/nginx', '*/library/nginx', 'GHCR.io/org/*', 'localhost/x', 'reg:5000/x', 'Host/x'])(
    'may have the pattern "%s"',
    (match) => {
      expect(policy([{ match, cosign: { pem: org.publicPem } }]).upstream).toHaveLength(1);
    },
  );

  it('is part of the fingerprint by content, not by file name', () => {
    const entry = { match: '**', cosign: { identity: 'i', issuer: 's', trustedRoot: 'r.json' } };
    const keyed = (key: string): Loose => ({ match: '**', cosign: { key } });
    const keyDigest = policy([keyed('a')], { a: org.publicPem }).digest;
    expect(policy([keyed('b')], { b: org.publicPem }).digest).toBe(keyDigest);
    expect(policy([{ match: '**', cosign: { pem: org.publicPem } }]).digest).toBe(keyDigest);
    expect(policy([keyed('a')], { a: rsa }).digest).not.toBe(keyDigest);
    const rooted = policy([entry], { 'r.json': ROOT }).digest;
    expect(policy([entry], { 'r.json': `${ROOT} ` }).digest).not.toBe(rooted);
    expect(policy([entry, entry], { 'r.json': ROOT }).digest).not.toBe(rooted);
    expect(policy([]).digest).not.toBe(rooted);
  });

  it('has a fingerprint that can be made by hand', () => {
    const trust = simulatedTrust(collector);
    const spki = (key: typeof org): string =>
      digestOf(Buffer.from(key.publicPem.replace(/-----[^-]+-----|\s/g, ''), 'base64'));
    expect(policy([{ match: '**', cosign: { key: 'a' } }], { a: org.publicPem }).digest).toBe(
      digestOf(
        canonicalBytes({
          ...trust,
          keys: { collector: { owner: 'collector', spki: spki(collector) } },
          upstream: [{ match: '**', cosign: { spki: spki(org) } }],
        }),
      ),
    );
  });

  it.for<[string, Loose, string, RegExp]>([
    ['no file for a key', { key: 'a' }, '', /upstream\[0\]\.cosign: is not exactly one public key/],
    [
      'a certificate',
      { key: 'a' },
      '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n',
      /not exactly one/,
    ],
    ['two keys', { key: 'a' }, org.publicPem + org.publicPem, /not exactly one/],
    ['a small RSA key', { key: 'a' }, pemOf('rsa', 1024), /2048/],
    [
      'a trusted root that is none',
      { identity: 'i', issuer: 's', trustedRoot: 'a' },
      '{}',
      /not a Sigstore trusted root/,
    ],
    [
      'a trusted root that is no JSON',
      { identity: 'i', issuer: 's', trustedRoot: 'a' },
      '{',
      /not a Sigstore trusted root/,
    ],
    ['an identity without root', { identity: 'i', issuer: 's' }, '', /upstream\[0\]/],
    ['a key and an identity', { key: 'a', identity: 'i' }, org.publicPem, /upstream\[0\]/],
    ['nothing', {}, '', /upstream\[0\]/],
  ])('is refused with %s', ([, cosign, content, expected]) => {
    expect(() => policy([{ match: '**', cosign }], { a: content })).toThrow(expected);
  });
});
