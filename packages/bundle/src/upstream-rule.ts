import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Digest, digestOf, GapferryError, parseJson, type UpstreamDemand } from '@gapferry/core';
import { z } from 'zod';
import { demandPattern } from './demand-glob.ts';

/** What every image and chart must be signed with that a pattern of the trust policy matches. */
export interface UpstreamRule {
  /** Held against ids as the patterns of `allow` are. */
  readonly match: string;
  readonly demand: UpstreamDemand;
}

/** An entry of `upstream` in trust.yaml; files are named, not read. */
export interface UpstreamRuleEntry {
  readonly match: string;
  readonly cosign:
    | { readonly key: string }
    | { readonly pem: string }
    | { readonly identity: string; readonly issuer: string; readonly trustedRoot: string };
}

const text = z.string().min(1).max(1000);

export const upstreamRuleEntry: z.ZodType<UpstreamRuleEntry, UpstreamRuleEntry> = z.strictObject({
  match: demandPattern,
  cosign: z.union([
    z.strictObject({ key: text }),
    z.strictObject({ pem: z.string().max(10_000) }),
    z.strictObject({ identity: text, issuer: text, trustedRoot: text }),
  ]),
});

/** The file that an entry names, if any. */
export function fileOf({ cosign: demand }: UpstreamRuleEntry): string | undefined {
  if ('key' in demand) return demand.key;
  return 'trustedRoot' in demand ? demand.trustedRoot : undefined;
}

/** An entry with its file read in, and what stands for it in the policy's fingerprint. `content`: the file's text. Throws `KEY_UNUSABLE`. */
export function toUpstreamRule(
  { match, cosign: demand }: UpstreamRuleEntry,
  content: string,
): { readonly rule: UpstreamRule; readonly fingerprinted: unknown } {
  if ('trustedRoot' in demand) {
    const { identity, issuer } = demand;
    const trustedRoot = Buffer.from(content);
    requireTrustedRoot(trustedRoot);
    return {
      rule: { match, demand: { by: 'cosign-identity', identity, issuer, trustedRoot } },
      fingerprinted: { match, cosign: { identity, issuer, trustedRoot: digestOf(trustedRoot) } },
    };
  }
  const [name, pem] = 'key' in demand ? [demand.key, content] : ['of the policy', demand.pem];
  const spki = upstreamKeyDigest(pem);
  return {
    rule: { match, demand: { by: 'cosign-key', name, pem } },
    fingerprinted: { match, cosign: { spki } },
  };
}

/** sha256 of the DER SubjectPublicKeyInfo of a key that upstream may sign with. Throws `KEY_UNUSABLE` for anything but one P-256, P-384, Ed25519 or RSA (2048 to 8192 bits) public key in PEM. */
export function upstreamKeyDigest(pem: string): Digest {
  if (!/^\s*-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----\s*$/.test(pem))
    throw unusable('is not exactly one public key in PEM (-----BEGIN PUBLIC KEY-----)');
  const key = readKey(pem);
  const { namedCurve, modulusLength = 0 } = key.asymmetricKeyDetails ?? {};
  const good =
    key.asymmetricKeyType === 'ed25519' ||
    (key.asymmetricKeyType === 'ec' && (namedCurve === 'prime256v1' || namedCurve === 'secp384r1')) ||
    (key.asymmetricKeyType === 'rsa' && modulusLength >= 2048 && modulusLength <= 8192);
  if (!good) throw unusable('is not a P-256, P-384 or Ed25519 key, nor an RSA key of 2048 to 8192 bits');
  return digestOf(key.export({ type: 'spki', format: 'der' }));
}

function readKey(pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch {
    throw unusable('cannot be read as a public key');
  }
}

/** The shape only: whether its certificates can be read is seen by who verifies with it. */
function requireTrustedRoot(bytes: Uint8Array): void {
  try {
    const root = parseJson(bytes, 'the trusted root', { maxBytes: 1_048_576, maxDepth: 16 });
    const { certificateAuthorities } = (root ?? {}) as Readonly<Record<string, unknown>>;
    if (Array.isArray(certificateAuthorities) && certificateAuthorities.length > 0) return;
  } catch (cause) {
    if (!(cause instanceof GapferryError)) throw cause;
  }
  throw new GapferryError({
    code: 'KEY_UNUSABLE',
    message: 'is not a Sigstore trusted root in JSON that names a certificate authority',
    hint: 'take trusted_root.json of the Sigstore instance that upstream signs with',
  });
}

function unusable(message: string): GapferryError {
  return new GapferryError({
    code: 'KEY_UNUSABLE',
    message,
    hint: 'use the .pub file that upstream publishes; cosign public-key writes one',
  });
}
