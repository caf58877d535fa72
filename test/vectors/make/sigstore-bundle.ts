import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keyHint, newKey, signEnvelope, type ThrowAwayKey } from './openssl.ts';
import { statement } from './statement.ts';
import { sortedJson, type Vector } from './vector.ts';

const TYPE = 'application/vnd.in-toto+json';
const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const PAYLOAD = Buffer.from(sortedJson(statement()));

export interface LooseBundle {
  [name: string]: unknown;
  verificationMaterial: Record<string, unknown>;
  dsseEnvelope: { [name: string]: unknown; payload: string; signatures: Record<string, unknown>[] };
}

export function sigstoreBundle(
  key: ThrowAwayKey,
  payload: Uint8Array = PAYLOAD,
  type: string = TYPE,
): LooseBundle {
  return {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { publicKey: { hint: keyHint(key) } },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString('base64'),
      payloadType: type,
      signatures: [{ sig: signEnvelope(key, type, payload) }],
    },
  };
}

const keys = { p256: newKey('p256'), p384: newKey('p384'), ed25519: keyWithTelltaleSignature() };
const stranger = newKey();

/** A key whose signature is spelled differently in the two alphabets of base64; 15 of 16 are. */
function keyWithTelltaleSignature(): ThrowAwayKey {
  for (;;) {
    const key = newKey('ed25519');
    if (/[+/]/.test(signEnvelope(key, TYPE, PAYLOAD))) return key;
  }
}

/** Every case has the trusted keys in `keys/<id>.pub`. */
export function sigstoreBundleVectors(): Vector[] {
  return [
    ...goodBundles(),
    ...byCosign(),
    ...hostileSignatures(),
    ...hostileEnvelopes(),
    ...hostileMaterial(),
    ...hostileBytes(),
  ];
}

function goodBundles(): Vector[] {
  return [
    good('good-p256', 'an ECDSA P-256 key', sigstoreBundle(keys.p256), 'p256'),
    good('good-p384', 'an ECDSA P-384 key, over sha256', sigstoreBundle(keys.p384), 'p384'),
    good('good-ed25519', 'an Ed25519 key', sigstoreBundle(keys.ed25519), 'ed25519'),
    good('good-no-hint', 'without a hint, every key is tried', material({ publicKey: {} }), 'ed25519'),
    good(
      'good-hint-of-another-key',
      'the hint selects, it never trusts: the key that signed is named',
      material({ publicKey: { hint: keyHint(keys.p256) } }),
      'ed25519',
    ),
    good('good-empty-keyid', 'an empty keyid is as good as none', signature({ keyid: '' }), 'ed25519'),
    good(
      'good-empty-lists',
      'lists of log entries and timestamps that are empty',
      material({ tlogEntries: [], timestampVerificationData: { rfc3161Timestamps: [] } }),
      'ed25519',
    ),
  ];
}

/** A bundle that cosign signed; left out where there is no cosign. */
function byCosign(): Vector[] {
  const cwd = mkdtempSync(join(tmpdir(), 'gapferry-vectors-'));
  const cosign = (...args: string[]): Buffer =>
    execFileSync('cosign', args, {
      cwd,
      stdio: 'pipe',
      env: { ...process.env, HOME: cwd, COSIGN_PASSWORD: '' },
    });
  try {
    writeFileSync(join(cwd, 'manifest.json'), 'content of manifest.json');
    writeFileSync(join(cwd, 'predicate.json'), JSON.stringify(statement().predicate));
    cosign('generate-key-pair', '--output-key-prefix', 'key');
    cosign(
      ...[
        'attest-blob',
        '--key',
        'key.key',
        '--use-signing-config=false',
        '--tlog-upload=false',
        '--yes',
        '--type',
        'https://gapferry.dev/release/v1',
      ],
      ...['--predicate', 'predicate.json', '--bundle', 'bundle.json', 'manifest.json'],
    );
    const [bundle, key] = ['bundle.json', 'key.pub'].map((name) => readFileSync(join(cwd, name)));
    if (bundle === undefined || key === undefined) return [];
    return [
      {
        name: 'good-by-cosign',
        files: { 'release.sigstore.json': bundle, 'keys/cosign.pub': key },
        expect: {
          why: 'what cosign v3 signs with a key',
          accept: true,
          result: { keyId: 'cosign', type: TYPE },
        },
      },
    ];
  } catch (error) {
    console.warn(
      `sigstore-bundle/good-by-cosign is left out: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
    );
    return [];
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

function hostileSignatures(): Vector[] {
  const own = sigstoreBundle(keys.ed25519).dsseEnvelope.signatures;
  const sig = String(own[0]?.['sig']);
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const stray = digits[digits.indexOf(sig.charAt(85)) + 1] ?? '';
  return [
    refused(
      'no-signature',
      'an envelope without a signature',
      envelope({ signatures: [] }),
      'SIGNATURE_MISSING',
    ),
    refused(
      'signatures-absent',
      'an envelope without the list of signatures',
      envelope({ signatures: undefined }),
      'SIGNATURE_MISSING',
    ),
    refused(
      'two-signatures',
      'two signatures in one envelope, both right',
      envelope({ signatures: [...own, ...sigstoreBundle(keys.p256).dsseEnvelope.signatures] }),
    ),
    refused('same-signature-twice', 'one signature twice', envelope({ signatures: [...own, ...own] })),
    refused('unknown-key', 'a key that the policy does not name', sigstoreBundle(stranger), 'KEY_UNKNOWN'),
    refused('unknown-key-with-known-hint', 'a stranger who uses the hint of a trusted key', {
      ...sigstoreBundle(stranger),
      verificationMaterial: { publicKey: { hint: keyHint(keys.p256) } },
    }),
    refused('empty-signature', 'a signature without bytes', signature({ sig: '' })),
    refused('keyid', 'a filled keyid, which other verifiers refuse', signature({ keyid: 'ed25519' })),
    refused('base64-no-padding', 'base64 without padding', signature({ sig: sig.replace(/=+$/, '') })),
    refused(
      'base64-line-break',
      'base64 with a line break',
      signature({ sig: `${sig.slice(0, 40)}\n${sig.slice(40)}` }),
    ),
    refused(
      'base64-url-alphabet',
      'base64 of the URL alphabet',
      signature({ sig: sig.replaceAll('+', '-').replaceAll('/', '_') }),
    ),
    refused(
      'base64-stray-bits',
      'base64 with bits that no byte uses',
      signature({ sig: `${sig.slice(0, 85)}${stray}==` }),
    ),
  ];
}

function hostileEnvelopes(): Vector[] {
  const other = Buffer.from(sortedJson({ ...statement(), note: 1 })).toString('base64');
  return [
    refused('changed-payload', 'another payload under the same signature', envelope({ payload: other })),
    refused(
      'changed-payload-type',
      'another payload type under the same signature',
      envelope({ payloadType: 'application/json' }),
    ),
    refused(
      'other-payload-type',
      'a right signature over another payload type',
      sigstoreBundle(keys.ed25519, PAYLOAD, 'application/json'),
    ),
    refused('no-payload', 'no payload', envelope({ payload: undefined })),
    refused('unknown-member', 'a member the format does not have', envelope({ note: 'x' })),
    refused('message-signature', 'a signature of another kind beside the envelope', {
      ...sigstoreBundle(keys.ed25519),
      messageSignature: {},
    }),
    refused('no-envelope', 'no envelope at all', {
      ...sigstoreBundle(keys.ed25519),
      dsseEnvelope: undefined,
    }),
  ];
}

function hostileMaterial(): Vector[] {
  const mediaType = (name: string, type: string): Vector =>
    refused(name, 'another version of Sigstore bundles', {
      ...sigstoreBundle(keys.ed25519),
      mediaType: type,
    });
  return [
    mediaType('media-type-v01', 'application/vnd.dev.sigstore.bundle+json;version=0.1'),
    mediaType('media-type-v02', 'application/vnd.dev.sigstore.bundle+json;version=0.2'),
    mediaType('media-type-v03-parameter', 'application/vnd.dev.sigstore.bundle+json;version=0.3'),
    mediaType('media-type-v04', 'application/vnd.dev.sigstore.bundle.v0.4+json'),
    refused(
      'certificate',
      'a certificate, which key mode cannot judge',
      material({ certificate: { rawBytes: 'AAAA' } }),
    ),
    refused(
      'certificate-chain',
      'a certificate chain, which key mode cannot judge',
      material({ x509CertificateChain: { certificates: [{ rawBytes: 'AAAA' }] } }),
    ),
    refused(
      'log-entry',
      'a log entry, which key mode cannot judge',
      material({ tlogEntries: [{ logIndex: '1' }] }),
    ),
    refused(
      'timestamp',
      'a timestamp, which key mode cannot judge',
      material({ timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: 'AAAA' }] } }),
    ),
    refused('long-hint', 'a hint of 257 characters', material({ publicKey: { hint: 'x'.repeat(257) } })),
  ];
}

function hostileBytes(): Vector[] {
  const json = JSON.stringify(sigstoreBundle(keys.ed25519));
  const raw = (name: string, why: string, bytes: string): Vector => ({
    ...refused(name, why, {}),
    files: files(bytes),
  });
  return [
    raw('truncated', 'the last byte is missing', json.slice(0, -1)),
    raw('trailing-bytes', 'bytes after the end', `${json}x`),
    raw('two-documents', 'a second bundle after the end', json + json),
    raw('deep', 'seventeen levels', json.replace('{', `{"deep":${'['.repeat(16)}${']'.repeat(16)},`)),
    raw('proto-member', 'a member __proto__', json.replace('{', '{"__proto__":{},')),
    raw(
      'duplicate-payload',
      'two payloads, of which two readers could take different ones',
      json.replace('"payload":', '"payload":"e30=","payload":'),
    ),
    raw('empty', 'no byte at all', ''),
    {
      name: 'oversized',
      files: files(json),
      expect: {
        why: 'one byte over 1 MiB',
        refuse: 'SIGNATURE_INVALID',
        generate: { file: 'release.sigstore.json', fill: ' ', size: 1_048_577 },
      },
    },
  ];
}

function envelope(members: object): LooseBundle {
  const bundle = sigstoreBundle(keys.ed25519);
  return { ...bundle, dsseEnvelope: { ...bundle.dsseEnvelope, ...members } };
}

function signature(members: object): LooseBundle {
  const [own = {}] = sigstoreBundle(keys.ed25519).dsseEnvelope.signatures;
  return envelope({ signatures: [{ ...own, ...members }] });
}

function material(members: object): LooseBundle {
  const bundle = sigstoreBundle(keys.ed25519);
  return { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, ...members } };
}

function files(bundle: string): Vector['files'] {
  const publicKeys = Object.entries(keys).map(([id, { publicPem }]) => [`keys/${id}.pub`, publicPem]);
  return { 'release.sigstore.json': bundle, ...Object.fromEntries(publicKeys) };
}

function good(name: string, why: string, bundle: object, keyId: string): Vector {
  return {
    name,
    files: files(JSON.stringify(bundle)),
    expect: { why, accept: true, result: { keyId, type: TYPE } },
  };
}

function refused(name: string, why: string, bundle: object, refuse = 'SIGNATURE_INVALID'): Vector {
  return { name, files: files(JSON.stringify(bundle)), expect: { why, refuse } };
}
