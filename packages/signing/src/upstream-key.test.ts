import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  type Digest,
  digestFromHex,
  digestOf,
  type SignatureMaterial,
  type SigstoreBundleMaterial,
  type UpstreamDemand,
} from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { readFixture } from './testing/read-fixture.ts';
import { requireUsableDemand, upstreamVerifier } from './upstream-verifier.ts';

const { verify } = upstreamVerifier();
const p256 = readFixture('p256');
const rsa = readFixture('rsa');

function refusal(subject: Digest, material: readonly SignatureMaterial[], demand: UpstreamDemand): string {
  try {
    verify(subject, material, demand);
    return 'accepted';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** Signs anything with a fresh P-256 key. */
function somebody(type: 'ec' | 'ed25519' = 'ec'): { demand: UpstreamDemand; key: KeyObject } {
  const { publicKey, privateKey } =
    type === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { key: privateKey, demand: { by: 'cosign-key', name: 'somebody.pub', pem } };
}

function simple(payload: string, key: KeyObject): SignatureMaterial {
  const hash = key.asymmetricKeyType === 'ed25519' ? undefined : 'sha256';
  const bytes = Buffer.from(payload);
  return { form: 'simple-signing', payload: bytes, signature: sign(hash, bytes, key).toString('base64') };
}

function bundle(
  statement: unknown,
  key: KeyObject,
  change: (bundle: Loose) => void = () => {},
): SignatureMaterial {
  const payload = Buffer.from(JSON.stringify(statement));
  const payloadType = 'application/vnd.in-toto+json';
  const pae = Buffer.concat([
    Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `),
    payload,
  ]);
  const made = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: '' } },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType,
      signatures: [{ sig: sign('sha256', pae, key).toString('base64'), keyid: '' }],
    },
  };
  change(made);
  return { form: 'sigstore-bundle', bytes: Buffer.from(JSON.stringify(made)) };
}

// biome-ignore lint/suspicious/noExplicitAny: attack stories put anything anywhere
type Loose = any;

const subject = digestOf('an image');
const payloadOf = (digest: string, type = 'cosign container image signature'): string =>
  JSON.stringify({
    critical: { identity: { 'docker-reference': 'x' }, image: { 'docker-manifest-digest': digest }, type },
    optional: null,
  });
const statementOf = (...digests: readonly string[]): Loose => ({
  _type: 'https://in-toto.io/Statement/v1',
  subject: digests.map((digest) => ({ digest: { sha256: digest.slice(7) } })),
  predicateType: 'https://sigstore.dev/cosign/sign/v1',
  predicate: {},
});

describe('a cosign key', () => {
  it.for(['p256', 'p384', 'rsa'] as const)(
    'of kind %s accepts what cosign signed with it, in each form',
    (kind) => {
      const { subject: digest, demand, ...made } = readFixture(kind);
      const check = { by: 'cosign-key', key: hintOf(made.sign.bytes) };
      for (const material of [made.simpleSigning, made.sign, made.signBlob])
        expect(verify(digest, [material], demand)).toEqual(check);
      expect(requireUsableDemand(demand)).toEqual(check);
    },
  );

  it('of kind Ed25519 accepts pure Ed25519, and not the prehashed form that cosign verify refuses too', () => {
    const { key, demand } = somebody('ed25519');
    expect(verify(subject, [simple(payloadOf(subject), key)], demand)).toMatchObject({ by: 'cosign-key' });
    const prehashed = readFixture('ed25519');
    expect(refusal(prehashed.subject, [prehashed.simpleSigning], prehashed.demand)).toBe('KEY_UNKNOWN');
    expect(refusal(prehashed.subject, [prehashed.sign], prehashed.demand)).toBe('SIGNATURE_INVALID');
  });

  it('needs one right signature among others', () => {
    const { key } = somebody();
    const others = [rsa.sign, simple(payloadOf(p256.subject), key), p256.attest];
    expect(refusal(p256.subject, others, p256.demand)).toBe('SIGNATURE_INVALID');
    expect(refusal(p256.subject, [...others, p256.sign], p256.demand)).toBe('accepted');
  });

  it('says that there is none where nothing or only an attestation came', () => {
    expect(refusal(p256.subject, [], p256.demand)).toBe('SIGNATURE_MISSING');
    expect(refusal(p256.subject, [p256.attest], p256.demand)).toBe('SIGNATURE_MISSING');
  });

  it('does not accept another key', () => {
    for (const material of [p256.simpleSigning, p256.sign, p256.signBlob])
      expect(refusal(p256.subject, [material], rsa.demand)).toBe('KEY_UNKNOWN');
  });

  it('that cannot be one is refused before anything is judged', () => {
    const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
    const k1 = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey;
    for (const key of [small, k1]) {
      const pem = key.export({ type: 'spki', format: 'pem' }).toString();
      expect(refusal(p256.subject, [p256.sign], { by: 'cosign-key', name: 'x', pem })).toBe('KEY_UNUSABLE');
    }
    expect(refusal(p256.subject, [p256.sign], { by: 'cosign-key', name: 'x', pem: '' })).toBe('KEY_UNUSABLE');
  });
});

describe('somebody attaches', () => {
  it('the signature of another image', () => {
    for (const material of [rsa.simpleSigning, rsa.sign, rsa.signBlob])
      expect(refusal(p256.subject, [material], rsa.demand)).toBe('SIGNATURE_INVALID');
  });

  it('a signature with a changed payload', () => {
    const payload = Buffer.from(
      Buffer.from(rsa.simpleSigning.payload).toString().replace(rsa.subject, p256.subject),
    );
    expect(refusal(p256.subject, [{ ...rsa.simpleSigning, payload }], rsa.demand)).toBe('KEY_UNKNOWN');
  });

  it('a bundle with a changed statement that names the key', () => {
    const changed = changedBundle(rsa.sign, (made) => {
      made.dsseEnvelope.payload = Buffer.from(JSON.stringify(statementOf(p256.subject))).toString('base64');
    });
    expect(refusal(p256.subject, [changed], rsa.demand)).toBe('SIGNATURE_INVALID');
  });

  it('something else that the key signed: another type, another predicate, another payload type, several subjects', () => {
    const { key, demand } = somebody();
    expect(refusal(subject, [simple(payloadOf(subject), key)], demand)).toBe('accepted');
    expect(refusal(subject, [simple(payloadOf(subject, 'atomic container signature'), key)], demand)).toBe(
      'SIGNATURE_INVALID',
    );
    expect(refusal(subject, [bundle(statementOf(subject), key)], demand)).toBe('accepted');
    const sbom = { ...statementOf(subject), predicateType: 'https://spdx.dev/Document' };
    expect(refusal(subject, [bundle(sbom, key)], demand)).toBe('SIGNATURE_MISSING');
    for (const digests of [[digestOf('other'), subject], [subject, digestOf('other')], []])
      expect(refusal(subject, [bundle(statementOf(...digests), key)], demand)).toBe('SIGNATURE_INVALID');
    const note = bundle(statementOf(subject), key, (made) => {
      made.dsseEnvelope.payloadType = 'text/plain';
    });
    expect(refusal(subject, [note], demand)).toBe('SIGNATURE_INVALID');
  });

  it('a bundle with a second signature, whichever is the right one', () => {
    const { key, demand } = somebody();
    for (const add of ['unshift', 'push'] as const) {
      const twice = bundle(statementOf(subject), key, (made) => {
        made.dsseEnvelope.signatures[add]({ sig: 'AAAA' });
      });
      expect(refusal(subject, [twice], demand)).toBe('SIGNATURE_INVALID');
    }
  });

  it('a message signature with a digest that its bytes do not have', () => {
    const lie = { ...p256.signBlob, artifact: Buffer.from('something else') };
    expect(refusal(p256.subject, [lie], p256.demand)).toBe('SIGNATURE_INVALID');
    expect(refusal(rsa.subject, [p256.signBlob], p256.demand)).toBe('SIGNATURE_INVALID');
    const digest = changedBundle(p256.signBlob, (made) => {
      const { messageDigest } = made.messageSignature;
      messageDigest.digest = Buffer.from(rsa.subject.slice(7), 'hex').toString('base64');
    });
    expect(refusal(p256.subject, [{ ...digest, artifact: p256.manifest }], p256.demand)).toBe(
      'SIGNATURE_INVALID',
    );
    const { artifact: _, ...bare } = p256.signBlob;
    expect(refusal(p256.subject, [bare], p256.demand)).toBe('SIGNATURE_INVALID');
  });

  it('rubbish', () => {
    const { key, demand } = somebody();
    const rubbish: readonly SignatureMaterial[] = [
      { form: 'sigstore-bundle', bytes: Buffer.from('{') },
      { form: 'sigstore-bundle', bytes: Buffer.from('null') },
      { form: 'sigstore-bundle', bytes: Buffer.from('['.repeat(100_000)) },
      {
        form: 'sigstore-bundle',
        bytes: Buffer.from('{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'),
      },
      { form: 'sigstore-bundle', bytes: Buffer.alloc(2_000_000, ' ') },
      bundle([], key),
      bundle({ ...statementOf(subject), subject: 'x' }, key),
      bundle({ ...statementOf(subject), subject: [{}] }, key),
      simple('', key),
      simple('[]', key),
      simple('{"critical":{"type":"cosign container image signature"}}', key),
      simple(payloadOf(subject) + ' '.repeat(70_000), key),
      { form: 'simple-signing', payload: Buffer.from(payloadOf(subject)), signature: 'A'.repeat(9000) },
    ];
    for (const material of rubbish) expect(refusal(subject, [material], demand)).toBe('SIGNATURE_INVALID');
    const empty = {
      form: 'simple-signing',
      payload: Buffer.from(payloadOf(subject)),
      signature: '',
    } as const;
    expect(refusal(subject, [empty], demand)).toBe('KEY_UNKNOWN');
  });

  it('more than anybody reads', () => {
    const many = Array.from({ length: 1001 }, () => p256.sign);
    expect(refusal(p256.subject, many, p256.demand)).toBe('LIMIT_EXCEEDED');
  });
});

function changedBundle(
  made: SigstoreBundleMaterial,
  change: (bundle: Loose) => void,
): SigstoreBundleMaterial {
  const json = JSON.parse(Buffer.from(made.bytes).toString()) as Loose;
  change(json);
  return { form: 'sigstore-bundle', bytes: Buffer.from(JSON.stringify(json)) };
}

/** What cosign calls the key: the sha256 of its SubjectPublicKeyInfo. */
function hintOf(bytes: Uint8Array): Digest {
  const { verificationMaterial } = JSON.parse(Buffer.from(bytes).toString()) as Loose;
  return digestFromHex(Buffer.from(verificationMaterial.publicKey.hint, 'base64').toString('hex'));
}
