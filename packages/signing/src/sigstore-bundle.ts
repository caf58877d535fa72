import { GapferryError, parseJson } from '@gapferry/core';

/** The one media type of the bundles gapferry writes and reads: Sigstore bundle v0.3 (sigstore/protobuf-specs, sigstore_bundle.proto). */
export const SIGSTORE_BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
/** The one payload type: an in-toto statement. */
export const IN_TOTO_PAYLOAD_TYPE = 'application/vnd.in-toto+json';

const LIMITS = { maxBytes: 1_048_576, maxDepth: 16 } as const;

/** The only thing a bundle in key mode can say. */
export interface KeyBundle {
  readonly payload: Uint8Array;
  readonly signature: Uint8Array;
  /** What the signer calls its key. Not signed: it selects, it never trusts. */
  readonly hint: string | undefined;
  /** The JSON itself, for the verifying library; nothing in it is unknown to this parser. */
  readonly json: unknown;
}

/** Parses an untrusted Sigstore bundle, key mode. Closed: a member this format does not have is refused, never ignored.
 *  Throws `SIGNATURE_MISSING` when the envelope has no signature, `SIGNATURE_INVALID` for everything else that is not exactly one DSSE envelope with exactly one
 *  signature and without certificates, log entries and timestamps, which key mode could not check. */
export function parseKeyBundle(bytes: Uint8Array): KeyBundle {
  const json = readJson(bytes);
  const bundle = members(json, 'the bundle', ['mediaType', 'verificationMaterial', 'dsseEnvelope']);
  if (bundle['mediaType'] !== SIGSTORE_BUNDLE_TYPE)
    throw invalid(`its mediaType is not ${SIGSTORE_BUNDLE_TYPE}`);
  const envelope = members(bundle['dsseEnvelope'], 'dsseEnvelope', ['payload', 'payloadType', 'signatures']);
  if (envelope['payloadType'] !== IN_TOTO_PAYLOAD_TYPE)
    throw invalid(`its payloadType is not ${IN_TOTO_PAYLOAD_TYPE}`);
  return {
    payload: canonicalBase64(envelope['payload'], 'payload'),
    signature: onlySignature(envelope['signatures']),
    hint: keyHint(bundle['verificationMaterial']),
    json,
  };
}

function readJson(bytes: Uint8Array): unknown {
  try {
    const json = parseJson(bytes, 'the Sigstore bundle', LIMITS);
    if (countColons(bytes) !== countMembers(json)) throw invalid('a member name occurs twice');
    return json;
  } catch (cause) {
    if (!(cause instanceof GapferryError) || cause.code === 'SIGNATURE_INVALID') throw cause;
    throw invalid(cause.message, cause);
  }
}

/** Exactly one signature: an envelope with two would let two readers pick different ones. */
function onlySignature(signatures: unknown): Uint8Array {
  if (signatures === undefined || (Array.isArray(signatures) && signatures.length === 0))
    throw new GapferryError({
      code: 'SIGNATURE_MISSING',
      message: 'the envelope holds no signature',
      hint: 'nothing unsigned is ever accepted; ask for the signed file',
    });
  if (!Array.isArray(signatures) || signatures.length !== 1)
    throw invalid('its envelope must hold exactly one signature; further ones are files of their own');
  const signature = members(signatures[0], 'the signature', ['sig', 'keyid']);
  if (signature['keyid'] !== undefined && signature['keyid'] !== '')
    throw invalid('its keyid is not empty; the key hint stands in verificationMaterial');
  const bytes = canonicalBase64(signature['sig'], 'sig');
  if (bytes.byteLength === 0) throw invalid('its signature has no bytes');
  return bytes;
}

function keyHint(material: unknown): string | undefined {
  const parts = members(material, 'verificationMaterial', [
    'publicKey',
    'tlogEntries',
    'timestampVerificationData',
  ]);
  requireEmptyList(parts['tlogEntries'], 'tlogEntries');
  const stamps = members(parts['timestampVerificationData'] ?? {}, 'timestampVerificationData', [
    'rfc3161Timestamps',
  ]);
  requireEmptyList(stamps['rfc3161Timestamps'], 'rfc3161Timestamps');
  const { hint } = members(parts['publicKey'], 'publicKey', ['hint']);
  if (hint === undefined || hint === '') return undefined;
  if (typeof hint !== 'string' || hint.length > 256) throw invalid('its key hint is not a short text');
  return hint;
}

function requireEmptyList(value: unknown, name: string): void {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return;
  throw invalid(`it carries ${name}, which cannot be checked offline with a key alone`);
}

function members(value: unknown, what: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalid(`${what} is missing or not an object`);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid(`${what} has the member "${unknown.slice(0, 60)}"`);
  return value as Record<string, unknown>;
}

/** Base64 with the standard alphabet and padding, in its one spelling (RFC 4648, sections 3.5 and 4). */
function canonicalBase64(text: unknown, name: string): Uint8Array {
  if (typeof text !== 'string') throw invalid(`its ${name} is missing or not text`);
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw invalid(`its ${name} is not canonical base64`);
  return bytes;
}

/** Colons outside strings: one for each member written, so more of them than members that were parsed means a name that occurs twice. */
function countColons(bytes: Uint8Array): number {
  let colons = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    if (inString && bytes[i] === 0x5c) i++;
    else if (bytes[i] === 0x22) inString = !inString;
    else if (!inString && bytes[i] === 0x3a) colons++;
  }
  return colons;
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce<number>((sum, entry) => sum + countMembers(entry), own);
}

function invalid(reason: string, cause?: unknown): GapferryError {
  return new GapferryError({
    code: 'SIGNATURE_INVALID',
    message: `this is not a Sigstore bundle that a release can have: ${reason}`,
    hint: 'it was damaged or changed on the way, or another tool wrote it',
    ...(cause !== undefined && { cause }),
  });
}
