import { createHash } from 'node:crypto';
import {
  type Digest,
  digestOf,
  GapferryError,
  hexOf,
  parseJson,
  type SigstoreBundleMaterial,
} from '@gapferry/core';
import {
  type Bundle,
  type BundleWithDsseEnvelope,
  bundleFromJSON,
  isBundleWithDsseEnvelope,
} from '@sigstore/bundle';
import { HashAlgorithm } from '@sigstore/protobuf-specs';
import { asObject, badClaim, reading } from './claim-error.ts';
import { IN_TOTO_PAYLOAD_TYPE, SIGSTORE_BUNDLE_TYPE } from './sigstore-bundle.ts';
import type { Claim } from './upstream-claim.ts';

const HASHES: ReadonlyMap<HashAlgorithm, string> = new Map([
  [HashAlgorithm.SHA2_256, 'sha256'],
  [HashAlgorithm.SHA2_384, 'sha384'],
  [HashAlgorithm.SHA2_512, 'sha512'],
]);
const LIMITS = { maxBytes: 1_048_576, maxDepth: 16 } as const;
const STATEMENT_TYPES: readonly unknown[] = [
  'https://in-toto.io/Statement/v1',
  'https://in-toto.io/Statement/v0.1',
];
/** The one predicate that says "this is signed" and nothing else: what `cosign sign` writes. Provenance, SBOMs and scan results are statements about an image, not its signature. */
const SIGN_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

/** Reads a Sigstore bundle v0.3 (sigstore/protobuf-specs) as the signature of the subject: a DSSE envelope with one signature over an in-toto statement with the predicate of `cosign sign` and this
 *  subject alone, or a message signature over the manifest's bytes. Throws `SIGNATURE_MISSING` for statements with another predicate, otherwise `SIGNATURE_INVALID`. */
export function bundleClaim(subject: Digest, material: SigstoreBundleMaterial): Claim {
  const bundle = reading('the Sigstore bundle', () => parseBundle(material.bytes));
  const claim = isBundleWithDsseEnvelope(bundle)
    ? statementClaim(subject, bundle)
    : messageClaim(subject, bundle, material.artifact);
  const { content } = bundle.verificationMaterial;
  if (content.$case === 'publicKey') return { ...claim, hint: content.publicKey.hint };
  return {
    ...claim,
    certified: { bundle, ...(!isBundleWithDsseEnvelope(bundle) && { artifact: Buffer.from(claim.signed) }) },
  };
}

function parseBundle(bytes: Uint8Array): Bundle {
  const json = asObject(parseJson(bytes, 'the Sigstore bundle', LIMITS), 'the Sigstore bundle');
  if (json['mediaType'] !== SIGSTORE_BUNDLE_TYPE)
    throw badClaim(`it is not of the type ${SIGSTORE_BUNDLE_TYPE}`);
  return bundleFromJSON(json);
}

function statementClaim(subject: Digest, bundle: BundleWithDsseEnvelope): Claim {
  const { payload, payloadType, signatures } = bundle.content.dsseEnvelope;
  if (payloadType !== IN_TOTO_PAYLOAD_TYPE) throw badClaim('its payload is not an in-toto statement');
  const [signature, ...more] = signatures;
  if (signature === undefined || more.length > 0) throw badClaim('it does not hold exactly one signature');
  requireStatement(subject, payload);
  return { signed: preAuthEncoding(payloadType, payload), signature: signature.sig };
}

/** A statement about several subjects is refused although one of them may be right: `cosign sign` makes none, and who signs a list may not have looked at each. */
function requireStatement(subject: Digest, payload: Uint8Array): void {
  const statement = asObject(
    reading('its statement', () => parseJson(payload, 'its statement', LIMITS)),
    'its statement',
  );
  if (!STATEMENT_TYPES.includes(statement['_type']))
    throw badClaim('its payload is not an in-toto statement');
  if (statement['predicateType'] !== SIGN_PREDICATE)
    throw new GapferryError({ code: 'SIGNATURE_MISSING', message: 'it is an attestation, not a signature' });
  const { subject: subjects } = statement;
  if (!Array.isArray(subjects) || subjects.length !== 1)
    throw badClaim('its statement is not about exactly one subject');
  const { sha256 } = asObject(asObject(subjects[0], 'its subject')['digest'], "its subject's digest");
  if (sha256 !== hexOf(subject)) throw badClaim('it signs another digest');
}

/** The bytes themselves are compared. What the bundle says of their digest is not signed, but log entries are held against it: it must not be another one's. */
function messageClaim(subject: Digest, bundle: Bundle, artifact: Uint8Array | undefined): Claim {
  if (bundle.content.$case !== 'messageSignature') throw badClaim('it holds no signature');
  if (artifact === undefined || digestOf(artifact) !== subject)
    throw badClaim('it signs bytes, and those of the manifest are not at hand');
  const { signature, messageDigest } = bundle.content.messageSignature;
  const { algorithm, digest } = messageDigest;
  if (digest.byteLength > 0 && !digest.equals(createHash(hashOf(algorithm)).update(artifact).digest()))
    throw badClaim('it signs another digest');
  return { signed: artifact, signature };
}

function hashOf(algorithm: HashAlgorithm): string {
  const hash = HASHES.get(algorithm);
  if (hash === undefined) throw badClaim('its digest is of an unknown kind');
  return hash;
}

/** secure-systems-lab/dsse, protocol.md. */
function preAuthEncoding(type: string, payload: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.byteLength} `),
    payload,
  ]);
}
