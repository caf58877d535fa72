import { type Digest, digestOf, type SignatureMaterial, type UpstreamDemand } from '@gapferry/core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type PrivateSigstore, privateSigstore, type SignedBy } from './testing/private-sigstore.ts';
import { readFixture } from './testing/read-fixture.ts';
import { requireUsableDemand, upstreamVerifier } from './upstream-verifier.ts';

const subject = digestOf('an image');
const other = digestOf('another image');
const identity = 'https://github.com/org/app/.github/workflows/release.yml@refs/tags/v1.0.0';
const issuer = 'https://token.actions.example';
const ci: SignedBy = { identity, issuer, proof: 'log' };

let sigstore: PrivateSigstore;
let stranger: PrivateSigstore;
beforeAll(async () => {
  [sigstore, stranger] = await Promise.all([privateSigstore(), privateSigstore()]);
});

const demand = (
  change: Partial<Extract<UpstreamDemand, { by: 'cosign-identity' }>> = {},
): UpstreamDemand => ({
  by: 'cosign-identity',
  identity,
  issuer,
  trustedRoot: sigstore.trustedRoot(),
  ...change,
});

function judge(material: SignatureMaterial, wanted: UpstreamDemand = demand(), of: Digest = subject): string {
  try {
    expect(upstreamVerifier().verify(of, [material], wanted)).toEqual({
      by: 'cosign-identity',
      identity,
      issuer,
    });
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe.each(['simpleSigning', 'bundle'] as const)('an identity in the form %s', (form) => {
  const made = (by: Partial<SignedBy> = {}, of = subject, from = sigstore): Promise<SignatureMaterial> =>
    from[form](of, { ...ci, ...by });

  it('is accepted with an entry in the log that the root names', async () => {
    expect(judge(await made())).toBe('accepted');
    expect(judge(await made({ proof: 'log and timestamp' }))).toBe('accepted');
  });

  it('is accepted with a timestamp alone where the root names no log, and only there', async () => {
    const stamped = await made({ proof: 'timestamp' });
    expect(judge(stamped, demand({ trustedRoot: sigstore.trustedRoot(['tlogs']) }))).toBe('accepted');
    expect(judge(stamped)).toBe('SIGNATURE_INVALID');
  });

  it('proves nothing without proof of the time', async () => {
    const bare = await made({ proof: 'none' });
    expect(judge(bare)).toBe('SIGNATURE_INVALID');
    expect(judge(bare, demand({ trustedRoot: sigstore.trustedRoot(['tlogs']) }))).toBe('SIGNATURE_INVALID');
  });

  it('needs the promise of a certificate log where the root names any, and only there', async () => {
    const secret = await made({ unlogged: true });
    expect(judge(secret)).toBe('KEY_UNKNOWN');
    expect(judge(secret, demand({ trustedRoot: sigstore.trustedRoot(['ctlogs']) }))).toBe('accepted');
  });

  it('must be the one demanded, to the letter: patterns and beginnings are others', async () => {
    const material = await made();
    for (const wanted of ['.*', identity.slice(0, -1), `${identity}1`, identity.toUpperCase(), ''])
      expect(judge(material, demand({ identity: wanted }))).toBe('KEY_UNKNOWN');
    expect(judge(await made({ identity: identity.replace('v1.0.0', 'v1x0.0') }))).toBe('KEY_UNKNOWN');
  });

  it('must be vouched for by the issuer demanded', async () => {
    const material = await made();
    for (const wanted of [`${issuer}/`, 'https://token', ''])
      expect(judge(material, demand({ issuer: wanted }))).toBe('KEY_UNKNOWN');
  });

  it('of another Sigstore is nobody, whatever it calls itself', async () => {
    expect(judge(await made({}, subject, stranger))).toBe('KEY_UNKNOWN');
  });

  it('does not vouch for another image', async () => {
    expect(judge(await made({}, other))).toBe('SIGNATURE_INVALID');
  });

  it('does not meet a demand for a key', async () => {
    expect(judge(await made(), readFixture('p256').demand)).toBe('KEY_UNKNOWN');
  });
});

describe('the proof of an identity', () => {
  it('of another signature does not fit', async () => {
    const [one, two] = [await sigstore.simpleSigning(subject, ci), await sigstore.simpleSigning(subject, ci)];
    const { rekorBundle = '', certificate = '' } = two;
    expect(judge({ ...one, rekorBundle })).toBe('SIGNATURE_INVALID');
    expect(judge({ ...one, certificate })).toBe('SIGNATURE_INVALID');
    expect(judge({ ...one, signature: two.signature })).toBe('SIGNATURE_INVALID');
  });

  it('with a changed time, or damaged, does not hold', async () => {
    const material = await sigstore.simpleSigning(subject, ci);
    const entry = JSON.parse(material.rekorBundle ?? '') as { Payload: { integratedTime: number } };
    entry.Payload.integratedTime += 1;
    expect(judge({ ...material, rekorBundle: JSON.stringify(entry) })).toBe('SIGNATURE_INVALID');
    for (const rekorBundle of ['', '{', '{}', '[]', '{"Payload":{"body":"e30="}}', 'x'.repeat(70_000)])
      expect(judge({ ...material, rekorBundle })).toBe('SIGNATURE_INVALID');
    for (const certificate of ['', 'x', material.certificate?.replace('MII', 'MIJ') ?? ''])
      expect(judge({ ...material, certificate })).toBe('SIGNATURE_INVALID');
    expect(judge({ ...material, timestamp: '{"SignedRFC3161Timestamp":"AAAA"}' })).toBe('SIGNATURE_INVALID');
  });

  it('is asked for by identity also where the right key signed without one', () => {
    const { subject: signed, sign, simpleSigning } = readFixture('p256');
    for (const material of [sign, simpleSigning])
      expect(judge(material, demand(), signed)).toBe('KEY_UNKNOWN');
  });
});

describe('a trusted root', () => {
  it.for([
    ['nothing', ''],
    ['no JSON', 'x'],
    ['another document', '{"mediaType":"application/json"}'],
    ['a list', '[]'],
    [
      'a certificate that is none',
      '{"certificateAuthorities":[{"certChain":{"certificates":[{"rawBytes":"AAAA"}]}}],"tlogs":[{}]}',
    ],
    ['too much', `{"a":"${'x'.repeat(1_100_000)}"}`],
  ] as const)('that is %s is refused before anything is judged', ([, text]) => {
    const wanted = demand({ trustedRoot: Buffer.from(text) });
    expect(() => requireUsableDemand(wanted)).toThrow(expect.objectContaining({ code: 'KEY_UNUSABLE' }));
  });

  it('must be able to prove the time', () => {
    const trustedRoot = sigstore.trustedRoot(['tlogs', 'timestampAuthorities']);
    expect(() => requireUsableDemand(demand({ trustedRoot }))).toThrow(/prove the time/);
  });
});
