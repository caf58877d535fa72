import { GapferryError, parseJson, RELEASE_LIMITS } from '@gapferry/core';

/** The DSSE payload inside a Sigstore bundle, not verified: for bytes that were made here, and whose digest the caller holds against what is known. Throws `SIGNATURE_INVALID`. */
export function payloadOf(bundle: Uint8Array): Uint8Array {
  const limits = { maxBytes: RELEASE_LIMITS.statement, maxDepth: 16 };
  const json = parseJson(bundle, 'release.sigstore.json', limits);
  const payload = member(member(json, 'dsseEnvelope'), 'payload');
  if (typeof payload === 'string') return Buffer.from(payload, 'base64');
  throw new GapferryError({
    code: 'SIGNATURE_INVALID',
    message: 'release.sigstore.json is not a Sigstore bundle with a DSSE envelope',
  });
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
