import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Digest } from '@gapferry/core';
import { hexOf, type SigstoreBundleMaterial, type SimpleSigningMaterial } from '@gapferry/core';
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from '@sigstore/mock';

const OID_ISSUER = '1.3.6.1.4.1.57264.1.8';
const OID_SHA256 = '2.16.840.1.101.3.4.2.1';
const LOG = 'https://rekor.private.example';

/** Who signs, and what the signature carries as proof of the time. */
export interface SignedBy {
  readonly identity: string;
  readonly issuer: string;
  readonly proof: 'log' | 'timestamp' | 'log and timestamp' | 'none';
  /** The certificate is in no certificate log. */
  readonly unlogged?: boolean;
}

/** A Sigstore instance of one's own, made from the parts of @sigstore/mock, in memory. */
export interface PrivateSigstore {
  /** Its trusted root, or one without some of its parts. */
  trustedRoot(without?: readonly ('tlogs' | 'ctlogs' | 'timestampAuthorities')[]): Uint8Array;
  /** As `cosign sign --new-bundle-format=false` writes it. */
  simpleSigning(subject: Digest, by: SignedBy): Promise<SimpleSigningMaterial>;
  /** As `cosign sign` writes it. */
  bundle(subject: Digest, by: SignedBy): Promise<SigstoreBundleMaterial>;
}

export async function privateSigstore(): Promise<PrivateSigstore> {
  // Whole seconds, because the mock writes fractions in a form that is not DER; a minute ahead, because its own certificates begin now.
  const clock = new Date(Math.floor(Date.now() / 1000) * 1000 + 60_000);
  const ctLog = await initializeCTLog(keys(), clock);
  const caKeys = keys('P-384');
  const ca = await initializeCA(caKeys, ctLog, clock);
  const secretCa = await initializeCA(caKeys, undefined, clock);
  const tlog = await initializeTLog(LOG, keys(), clock);
  const tsa = await initializeTSA(keys(), clock);
  const root = {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: [logOf(tlog.publicKey, sha256(tlog.publicKey))],
    ctlogs: [logOf(ctLog.publicKey, bytesOf(ctLog.logID))],
    certificateAuthorities: [authorityOf(ca.rootCertificate)],
    timestampAuthorities: [authorityOf(tsa.intCertificate, tsa.rootCertificate)],
  };
  const instance: Instance = {
    certify: async ({ identity, issuer, unlogged = false }, spki) => {
      const extensions = [{ oid: OID_ISSUER, value: issuer }];
      const wanted = { publicKey: spki, subjectAltName: identity, extensions };
      return bytesOf(await (unlogged ? secretCa : ca).issueCertificate(wanted));
    },
    log: async (entry) => Object.values(await tlog.log(entry))[0],
    stamp: async (signature) => {
      const digest = { artifactHash: sha256(signature), hashAlgorithmOID: OID_SHA256 };
      return bytesOf(await tsa.timestamp({ ...digest, nonce: 1, policyOID: '1.2.3.4' })).toString('base64');
    },
  };
  return {
    trustedRoot: (without = []) =>
      Buffer.from(JSON.stringify({ ...root, ...Object.fromEntries(without.map((part) => [part, []])) })),
    simpleSigning: (subject, by) => signSimply(instance, subject, by),
    bundle: (subject, by) => signBundle(instance, subject, by),
  };
}

interface Instance {
  certify(by: SignedBy, spki: NonSharedBuffer): Promise<Buffer>;
  log(entry: object): Promise<Loose>;
  /** Base64. */
  stamp(signature: Buffer): Promise<string>;
}

async function signSimply(
  { certify, log, stamp }: Instance,
  subject: Digest,
  by: SignedBy,
): Promise<SimpleSigningMaterial> {
  const { publicKey, privateKey } = keys();
  const certificate = toPem(await certify(by, publicKey.export({ type: 'spki', format: 'der' })));
  const payload = Buffer.from(payloadOf(subject));
  const signature = sign('sha256', payload, privateKey);
  return {
    form: 'simple-signing',
    payload,
    signature: signature.toString('base64'),
    certificate,
    ...(by.proof.includes('log') && {
      rekorBundle: rekorBundleOf(await log(rekordOf(payload, signature, certificate))),
    }),
    ...(by.proof.includes('timestamp') && {
      timestamp: JSON.stringify({ SignedRFC3161Timestamp: await stamp(signature) }),
    }),
  };
}

async function signBundle(
  { certify, log, stamp }: Instance,
  subject: Digest,
  by: SignedBy,
): Promise<SigstoreBundleMaterial> {
  const { publicKey, privateKey } = keys();
  const leaf = await certify(by, publicKey.export({ type: 'spki', format: 'der' }));
  const envelope = envelopeOf(subject, privateKey);
  const signature = Buffer.from(envelope.signatures[0].sig, 'base64');
  const made = {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: leaf.toString('base64') },
      tlogEntries: by.proof.includes('log') ? [logEntryOf(await log(dsseEntryOf(envelope, leaf)))] : [],
      timestampVerificationData: {
        rfc3161Timestamps: by.proof.includes('timestamp')
          ? [{ signedTimestamp: await stamp(signature) }]
          : [],
      },
    },
    dsseEnvelope: envelope,
  };
  return { form: 'sigstore-bundle', bytes: Buffer.from(JSON.stringify(made)) };
}

// biome-ignore lint/suspicious/noExplicitAny: documents of several foreign formats
type Loose = any;

function keys(namedCurve = 'P-256'): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync('ec', { namedCurve });
}

function logOf(publicKey: Buffer, keyId: Buffer): Loose {
  return {
    baseUrl: LOG,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: publicKey.toString('base64'),
      keyDetails: 'PKIX_ECDSA_P256_SHA_256',
      validFor: { start: '2000-01-01T00:00:00Z' },
    },
    logId: { keyId: keyId.toString('base64') },
  };
}

function authorityOf(...chain: readonly ArrayBufferView[]): Loose {
  return {
    subject: { organization: 'private', commonName: 'private' },
    uri: 'https://private.example',
    certChain: { certificates: chain.map((one) => ({ rawBytes: bytesOf(one).toString('base64') })) },
    validFor: { start: '2000-01-01T00:00:00Z' },
  };
}

function payloadOf(subject: Digest): string {
  const image = { 'docker-manifest-digest': subject };
  const type = 'cosign container image signature';
  return JSON.stringify({ critical: { identity: { 'docker-reference': '' }, image, type }, optional: null });
}

function envelopeOf(subject: Digest, key: KeyObject): Loose {
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: hexOf(subject) } }],
    predicateType: 'https://sigstore.dev/cosign/sign/v1',
    predicate: {},
  };
  const payload = Buffer.from(JSON.stringify(statement));
  const payloadType = 'application/vnd.in-toto+json';
  const header = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `;
  const sig = sign('sha256', Buffer.concat([Buffer.from(header), payload]), key).toString('base64');
  return { payload: payload.toString('base64'), payloadType, signatures: [{ sig, keyid: '' }] };
}

/** sigstore/rekor, types/hashedrekord/v0.0.1. */
function rekordOf(payload: Buffer, signature: Buffer, certificate: string): object {
  return {
    apiVersion: '0.0.1',
    kind: 'hashedrekord',
    spec: {
      data: { hash: { algorithm: 'sha256', value: sha256(payload).toString('hex') } },
      signature: {
        content: signature.toString('base64'),
        publicKey: { content: Buffer.from(certificate).toString('base64') },
      },
    },
  };
}

/** sigstore/rekor, types/dsse/v0.0.1. */
function dsseEntryOf(envelope: Loose, leaf: Buffer): object {
  const hash = (bytes: Buffer): object => ({ algorithm: 'sha256', value: sha256(bytes).toString('hex') });
  const verifier = Buffer.from(toPem(leaf)).toString('base64');
  return {
    apiVersion: '0.0.1',
    kind: 'dsse',
    spec: {
      envelopeHash: hash(Buffer.from(JSON.stringify(envelope))),
      payloadHash: hash(Buffer.from(envelope.payload, 'base64')),
      signatures: [{ signature: envelope.signatures[0].sig, verifier }],
    },
  };
}

/** The annotation `dev.sigstore.cosign/bundle`. */
function rekorBundleOf(entry: Loose): string {
  const { body, integratedTime, logIndex, logID, verification } = entry;
  return JSON.stringify({
    SignedEntryTimestamp: verification.signedEntryTimestamp,
    Payload: { body, integratedTime, logIndex, logID },
  });
}

function logEntryOf(entry: Loose): Loose {
  const { body, integratedTime, logIndex, logID, verification } = entry;
  const { inclusionProof: proof } = verification;
  const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64');
  const { kind, apiVersion } = JSON.parse(Buffer.from(body, 'base64').toString()) as Loose;
  return {
    logIndex: String(logIndex),
    logId: { keyId: base64(logID) },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: verification.signedEntryTimestamp },
    inclusionProof: {
      logIndex: String(proof.logIndex),
      rootHash: base64(proof.rootHash),
      treeSize: String(proof.treeSize),
      hashes: proof.hashes.map(base64),
      checkpoint: { envelope: proof.checkpoint },
    },
    canonicalizedBody: body,
  };
}

function toPem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

/** The mock gives views of several kinds. */
function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}
