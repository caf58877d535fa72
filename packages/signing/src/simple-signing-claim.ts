import { createHash, X509Certificate } from 'node:crypto';
import { type Digest, parseJson, type SimpleSigningMaterial } from '@gapferry/core';
import { type Bundle, bundleFromJSON } from '@sigstore/bundle';
import { asObject, badClaim, reading } from './claim-error.ts';
import type { Certified, Claim } from './upstream-claim.ts';

const LIMITS = { maxBytes: 65_536, maxDepth: 16 } as const;
/** Characters of an annotation: a certificate with its chain, or a log entry that holds one. */
const MAX_ANNOTATION = 65_536;
/** What `cosign sign` writes. Other tools' signatures, and payloads that mean something else, have other types. */
const TYPE = 'cosign container image signature';

/** Reads a layer of a `sha256-….sig` image (sigstore/cosign, specs/SIGNATURE_SPEC.md): the payload is of cosign's type and names the subject's digest. The reference in it is what the image
 *  was called when it was signed; it is not compared, as cosign does not: images keep their signatures when they are copied. Throws `SIGNATURE_INVALID`. */
export function simpleSigningClaim(subject: Digest, material: SimpleSigningMaterial): Claim {
  requireShort(material);
  const signed = material.payload;
  const payload = asObject(
    reading('the payload', () => parseJson(signed, 'the payload', LIMITS)),
    'the payload',
  );
  const critical = asObject(payload['critical'], 'critical');
  if (critical['type'] !== TYPE) throw badClaim(`its payload is not of the type "${TYPE}"`);
  const { 'docker-manifest-digest': digest } = asObject(critical['image'], 'critical.image');
  if (digest !== subject) throw badClaim('it signs another digest');
  const signature = Buffer.from(material.signature, 'base64');
  return { signed, signature, ...certifiedOf(material, signature) };
}

function requireShort({
  signature,
  certificate = '',
  rekorBundle = '',
  timestamp = '',
}: SimpleSigningMaterial): void {
  if (signature.length > 8192) throw badClaim('its signature is too long');
  if ([certificate, rekorBundle, timestamp].some((text) => text.length > MAX_ANNOTATION))
    throw badClaim('one of its annotations is too long');
}

/** The same facts as a Sigstore bundle, so that one library judges both. The chain that came along is left out: only the trusted root's certificates count. */
function certifiedOf(material: SimpleSigningMaterial, signature: Buffer): { certified?: Certified } {
  const { certificate, rekorBundle, timestamp, payload } = material;
  if (certificate === undefined) return {};
  const bundle = reading('its certificate, log entry or timestamp', () =>
    bundleFromJSON({
      mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
      verificationMaterial: {
        x509CertificateChain: {
          certificates: [{ rawBytes: new X509Certificate(certificate).raw.toString('base64') }],
        },
        tlogEntries: rekorBundle === undefined ? [] : [logEntry(rekorBundle)],
        timestampVerificationData: {
          rfc3161Timestamps: timestamp === undefined ? [] : [signedTimestamp(timestamp)],
        },
      },
      messageSignature: {
        messageDigest: {
          algorithm: 'SHA2_256',
          digest: createHash('sha256').update(payload).digest('base64'),
        },
        signature: signature.toString('base64'),
      },
    }),
  ) satisfies Bundle;
  return { certified: { bundle, artifact: Buffer.from(payload) } };
}

/** What cosign calls a Rekor bundle: `{SignedEntryTimestamp, Payload: {body, integratedTime, logIndex, logID}}`. */
function logEntry(text: string): unknown {
  const entry = json(text, 'its log entry');
  const payload = asObject(entry['Payload'], 'Payload');
  const { body, integratedTime, logIndex, logID } = payload;
  if (!Number.isSafeInteger(integratedTime) || !Number.isSafeInteger(logIndex))
    throw badClaim('its log entry has no time or no index');
  const { kind, apiVersion } = json(
    Buffer.from(String(body), 'base64').toString(),
    'the body of its log entry',
  );
  return {
    logIndex: String(logIndex),
    logId: { keyId: Buffer.from(String(logID), 'hex').toString('base64') },
    kindVersion: { kind, version: apiVersion },
    integratedTime: String(integratedTime),
    inclusionPromise: { signedEntryTimestamp: entry['SignedEntryTimestamp'] },
    canonicalizedBody: body,
  };
}

function signedTimestamp(text: string): unknown {
  return { signedTimestamp: json(text, 'its timestamp')['SignedRFC3161Timestamp'] };
}

function json(text: string, what: string): Readonly<Record<string, unknown>> {
  return asObject(parseJson(Buffer.from(text), what, LIMITS), what);
}
