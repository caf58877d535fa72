import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../error-codes.ts';
import { quietRun } from '../run.ts';
import type { Signer, TrustedKey, Verifier } from '../signing.ts';

const TYPE = 'application/vnd.in-toto+json';
/** The question marks make a solidus in base64, wherever they fall. */
const PAYLOAD = Buffer.from('{"_type":"https://in-toto.io/Statement/v1","predicate":{"note":"äöü???"}}');

/** The parts of a Sigstore bundle in key mode, open to change. */
interface LooseBundle {
  [name: string]: unknown;
  verificationMaterial: Record<string, unknown>;
  dsseEnvelope: { [name: string]: unknown; payload: string; signatures: Record<string, unknown>[] };
}

/** What every Signer must do. `make` gives a signer with a key of its own, and that key's public half (SubjectPublicKeyInfo PEM). */
export function signerContract(
  name: string,
  make: () => { readonly signer: Signer; readonly publicPem: string },
): void {
  describe(`${name} as a Signer`, () => {
    it('signs the pre-authentication encoding of type and payload', async () => {
      const { signer, publicPem } = make();
      const { dsseEnvelope } = parse(await signer.sign({ type: TYPE, bytes: PAYLOAD }, quietRun()));
      expect(Buffer.from(dsseEnvelope.payload, 'base64')).toEqual(PAYLOAD);
      expect(dsseEnvelope['payloadType']).toBe(TYPE);
      const signature = Buffer.from(String(dsseEnvelope.signatures[0]?.['sig']), 'base64');
      expect(verify(null, preAuthEncoding(TYPE, PAYLOAD), createPublicKey(publicPem), signature)).toBe(true);
    });

    it('writes a Sigstore bundle v0.3 with one signature, an empty keyid and the hint beside it', async () => {
      const { signer } = make();
      const bundle = parse(await signer.sign({ type: TYPE, bytes: PAYLOAD }, quietRun()));
      expect(bundle['mediaType']).toBe('application/vnd.dev.sigstore.bundle.v0.3+json');
      expect(bundle.dsseEnvelope.signatures).toHaveLength(1);
      expect(bundle.dsseEnvelope.signatures[0]?.['keyid'] ?? '').toBe('');
      expect(Object.keys(bundle.verificationMaterial)).toContain('publicKey');
    });

    it('may be used many times at once', async () => {
      const { signer, publicPem } = make();
      const payloads = ['{"n":1}', '{"n":2}', '{"n":3}'].map((text) => Buffer.from(text));
      const bundles = await Promise.all(
        payloads.map((bytes) => signer.sign({ type: TYPE, bytes }, quietRun())),
      );
      for (const [i, bytes] of bundles.entries()) {
        const payload = payloads[i] ?? Buffer.alloc(0);
        const signature = Buffer.from(String(parse(bytes).dsseEnvelope.signatures[0]?.['sig']), 'base64');
        expect(verify(null, preAuthEncoding(TYPE, payload), createPublicKey(publicPem), signature)).toBe(
          true,
        );
      }
    });

    it('stops when the run is stopped', async () => {
      const { signer } = make();
      const run = quietRun(AbortSignal.abort());
      await expect(signer.sign({ type: TYPE, bytes: PAYLOAD }, run)).rejects.toMatchObject({
        code: 'INTERRUPTED',
      });
    });
  });
}

/** What every Verifier must do; the signatures here are made with node:crypto alone. */
export function verifierContract(name: string, make: () => Verifier): void {
  describe(`${name} as a Verifier`, () => {
    const keys = new Map<string, { privateKey: KeyObject; trusted: TrustedKey }>();
    beforeAll(() => {
      for (const id of ['p256', 'p384', 'ed25519', 'stranger']) keys.set(id, newKey(id));
    });
    const key = (id: string): KeyObject => must(keys.get(id)).privateKey;
    const trusted = (...ids: readonly string[]): TrustedKey[] => ids.map((id) => must(keys.get(id)).trusted);
    const known = (): TrustedKey[] => trusted('p256', 'p384', 'ed25519');
    const codeOf = (bytes: Uint8Array, among = known()): ErrorCode | 'accepted' =>
      outcome(make(), bytes, among);

    it.each(['p256', 'p384', 'ed25519'])('accepts what a trusted %s key signed and names the key', (id) => {
      const verified = make().verify(encode(bundleBy(key(id))), known());
      expect(verified.keyId).toBe(id);
      expect(verified.type).toBe(TYPE);
      expect(Buffer.from(verified.bytes)).toEqual(PAYLOAD);
    });

    it('accepts a bundle without a hint, and tries every key', () => {
      const bundle = bundleBy(key('ed25519'));
      bundle.verificationMaterial['publicKey'] = {};
      expect(make().verify(encode(bundle), known()).keyId).toBe('ed25519');
    });

    it('names the key that signed, not the key that the hint names', () => {
      const bundle = bundleBy(key('p384'));
      bundle.verificationMaterial['publicKey'] = { hint: hintOf(key('p256')) };
      expect(make().verify(encode(bundle), known()).keyId).toBe('p384');
    });

    it('does not trust a stranger who uses the hint of a trusted key', () => {
      const bundle = bundleBy(key('stranger'));
      bundle.verificationMaterial['publicKey'] = { hint: hintOf(key('p256')) };
      expect(codeOf(encode(bundle))).toBe('SIGNATURE_INVALID');
    });

    it('answers KEY_UNKNOWN when no trusted key signed and none is hinted at', () => {
      expect(codeOf(encode(bundleBy(key('stranger'))))).toBe('KEY_UNKNOWN');
      expect(codeOf(encode(bundleBy(key('p256'))), [])).toBe('KEY_UNKNOWN');
      expect(codeOf(encode(bundleBy(key('p256'))), trusted('p384'))).toBe('KEY_UNKNOWN');
    });

    it('answers SIGNATURE_MISSING for an envelope without a signature', () => {
      const bundle = bundleBy(key('p256'));
      bundle.dsseEnvelope.signatures = [];
      expect(codeOf(encode(bundle))).toBe('SIGNATURE_MISSING');
    });

    it.each(hostile())('refuses %s', (_what, change) => {
      const changed = change(bundleBy(key('ed25519')), bundleBy(key('p384')));
      expect(codeOf(changed)).toBe('SIGNATURE_INVALID');
    });

    it('refuses a bundle that is cut anywhere', () => {
      const whole = encode(bundleBy(key('p256')));
      const cuts = Array.from({ length: 40 }, (_, i) => Math.floor((whole.length * i) / 40));
      for (const cut of [...cuts, whole.length - 1])
        expect(codeOf(whole.subarray(0, cut))).not.toBe('accepted');
    });

    it('refuses every single changed bit of the signature and the payload', () => {
      const bundle = bundleBy(key('ed25519'));
      for (let bit = 0; bit < 512; bit += 7)
        expect(codeOf(encode(flipSignature(bundle, bit)))).not.toBe('accepted');
      for (let bit = 0; bit < PAYLOAD.length * 8; bit += 5)
        expect(codeOf(encode(flipPayload(bundle, bit)))).not.toBe('accepted');
    });
  });
}

type Change = (bundle: LooseBundle, other: LooseBundle) => Uint8Array;
type Case = [what: string, change: Change];

function hostile(): Case[] {
  return [...hostileSignatures(), ...hostileEnvelopes(), ...hostileMaterial(), ...hostileJson()];
}

function hostileSignatures(): Case[] {
  const sig = (change: (text: string) => unknown): Change =>
    edit((bundle) => {
      const signature = must(bundle.dsseEnvelope.signatures[0]);
      signature['sig'] = change(String(signature['sig']));
    });
  return [
    [
      'two signatures in one envelope',
      edit((b, other) => b.dsseEnvelope.signatures.push(...other.dsseEnvelope.signatures)),
    ],
    [
      'the same signature twice',
      edit((b) => b.dsseEnvelope.signatures.push({ ...b.dsseEnvelope.signatures[0] })),
    ],
    ['a filled keyid', edit((b) => Object.assign(must(b.dsseEnvelope.signatures[0]), { keyid: 'ed25519' }))],
    ['an empty signature', sig(() => '')],
    ['a signature that is not text', sig(() => 7)],
    ['base64 without its padding', sig((text) => text.replace(/=+$/, ''))],
    ['base64 with a line break', sig((text) => `${text.slice(0, 20)}\n${text.slice(20)}`)],
    ['base64 with a space at the end', sig((text) => `${text} `)],
    ['base64 with more padding', sig((text) => `${text}====`)],
    ['base64 with stray bits', sig(withStrayBits)],
    [
      'base64 of the URL alphabet',
      edit((b) => Object.assign(b.dsseEnvelope, { payload: inUrlAlphabet(b.dsseEnvelope.payload) })),
    ],
  ];
}

function hostileEnvelopes(): Case[] {
  const envelope = (parts: object): Change => edit((b) => Object.assign(b.dsseEnvelope, parts));
  return [
    ['a changed payload', envelope({ payload: Buffer.from('{}').toString('base64') })],
    ['a changed payload type', envelope({ payloadType: 'application/json' })],
    ['a payload type with a parameter', envelope({ payloadType: `${TYPE};v=1` })],
    ['no payload', envelope({ payload: undefined })],
    ['an unknown member in the envelope', envelope({ note: '' })],
    ['no envelope', edit((b) => Reflect.deleteProperty(b, 'dsseEnvelope'))],
    ['a message signature beside the envelope', edit((b) => Object.assign(b, { messageSignature: {} }))],
  ];
}

function hostileMaterial(): Case[] {
  const material = (parts: object): Change => edit((b) => Object.assign(b.verificationMaterial, parts));
  const mediaType = (value: string): Change => edit((b) => Object.assign(b, { mediaType: value }));
  return [
    ['bundle media type v0.1', mediaType('application/vnd.dev.sigstore.bundle+json;version=0.1')],
    ['bundle media type v0.2', mediaType('application/vnd.dev.sigstore.bundle+json;version=0.2')],
    ['bundle media type v0.4', mediaType('application/vnd.dev.sigstore.bundle.v0.4+json')],
    ['a certificate', material({ certificate: { rawBytes: 'AAAA' } })],
    ['a certificate chain', material({ x509CertificateChain: { certificates: [{ rawBytes: 'AAAA' }] } })],
    ['log entries', material({ tlogEntries: [{ logIndex: '1' }] })],
    [
      'timestamps',
      material({ timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: 'AAAA' }] } }),
    ],
    ['a hint that is not text', material({ publicKey: { hint: { deep: true } } })],
    ['a hint of 257 characters', material({ publicKey: { hint: 'x'.repeat(257) } })],
    ['no key material', material({ publicKey: undefined })],
    ['no verification material', edit((b) => Reflect.deleteProperty(b, 'verificationMaterial'))],
  ];
}

function hostileJson(): Case[] {
  const text =
    (change: (json: string) => string): Change =>
    (b) =>
      Buffer.from(change(JSON.stringify(b)));
  return [
    ['trailing bytes', text((json) => `${json}x`)],
    ['a second document behind the first', text((json) => json + json)],
    ['a NUL byte at the end', text((json) => `${json}\0`)],
    ['a byte order mark', text((json) => `\ufeff${json}`)],
    ['deep JSON', text((json) => json.replace('{', `{"deep":${'['.repeat(5000)}${']'.repeat(5000)},`))],
    ['a member __proto__', text((json) => json.replace('{', '{"__proto__":{"mediaType":"x"},'))],
    ['a member constructor', text((json) => json.replace('{', '{"constructor":1,'))],
    ['a media type that occurs twice', text((json) => json.replace('{', '{"mediaType":"x",'))],
    [
      'a payload that occurs twice',
      text((json) => json.replace('"payload":', '"payload":"e30=","payload":')),
    ],
    ['more than 1 MiB', text((json) => json + ' '.repeat(1_048_577))],
    ['bad UTF-8', (b) => Buffer.concat([encode(b).subarray(0, -1), Buffer.from([0xff]), Buffer.from('}')])],
    ['an array', text((json) => `[${json}]`)],
    ['no bytes at all', () => new Uint8Array()],
  ];
}

function inUrlAlphabet(base64: string): string {
  const text = base64.replaceAll('+', '-').replaceAll('/', '_');
  expect(text).not.toBe(base64);
  return text;
}

/** The same bytes in another spelling: the last digit before `==` carries four bits that no byte uses. */
function withStrayBits(base64: string): string {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const at = base64.indexOf('=') - 1;
  return `${base64.slice(0, at)}${digits[digits.indexOf(base64.charAt(at)) + 1]}${base64.slice(at + 1)}`;
}

function edit(change: (bundle: LooseBundle, other: LooseBundle) => unknown): Change {
  return (bundle, other) => {
    change(bundle, other);
    return encode(bundle);
  };
}

function outcome(verifier: Verifier, bytes: Uint8Array, keys: readonly TrustedKey[]): ErrorCode | 'accepted' {
  try {
    verifier.verify(bytes, keys);
    return 'accepted';
  } catch (error) {
    return (error as { code: ErrorCode }).code;
  }
}

function newKey(id: string): { privateKey: KeyObject; trusted: TrustedKey } {
  const { privateKey, publicKey } =
    id === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('ec', { namedCurve: id === 'p384' ? 'P-384' : 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { privateKey, trusted: { id, owner: `${id}-owner`, pem } };
}

function bundleBy(privateKey: KeyObject): LooseBundle {
  const algorithm = privateKey.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  const sig = sign(algorithm, preAuthEncoding(TYPE, PAYLOAD), privateKey).toString('base64');
  return {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: hintOf(privateKey) } },
    dsseEnvelope: { payload: PAYLOAD.toString('base64'), payloadType: TYPE, signatures: [{ sig }] },
  };
}

function hintOf(privateKey: KeyObject): string {
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('base64');
}

/** DSSE v1, protocol.md: `DSSEv1 SP LEN(type) SP type SP LEN(payload) SP payload`, lengths in bytes. */
function preAuthEncoding(type: string, payload: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.byteLength} `),
    payload,
  ]);
}

function flipSignature(bundle: LooseBundle, bit: number): LooseBundle {
  const sig = flipped(String(bundle.dsseEnvelope.signatures[0]?.['sig']), bit);
  return { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, signatures: [{ sig }] } };
}

function flipPayload(bundle: LooseBundle, bit: number): LooseBundle {
  return {
    ...bundle,
    dsseEnvelope: { ...bundle.dsseEnvelope, payload: flipped(bundle.dsseEnvelope.payload, bit) },
  };
}

function flipped(base64: string, bit: number): string {
  const bytes = Buffer.from(base64, 'base64');
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return bytes.toString('base64');
}

function parse(bytes: Uint8Array): LooseBundle {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as LooseBundle;
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the contract suite has no such value');
  return value;
}
