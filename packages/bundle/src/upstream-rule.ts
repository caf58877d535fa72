import { createPublicKey, type KeyObject } from 'node:crypto';
import {
  type Digest,
  digestOf,
  GapferryError,
  type GitSigners,
  type KeyFile,
  parseJson,
  type UpstreamDemand,
} from '@gapferry/core';
import { z } from 'zod';
import { demandPattern, repositoryPattern } from './demand-glob.ts';
import { demandedRefPattern } from './repository-demand.ts';

/** What every image and chart, or every Git repository, must be signed with that a pattern of the trust policy matches. */
export type UpstreamRule = ArtifactRule | RepositoryRule;

export interface ArtifactRule {
  /** Held against ids as the patterns of `allow` are. */
  readonly match: string;
  readonly demand: UpstreamDemand;
}

export interface RepositoryRule {
  readonly match: string;
  readonly signers: GitSigners;
  /** Which refs must be signed, in the words of bundle.yaml; absent: all. One that fits none demands nothing. */
  readonly refs?: readonly string[];
}

/** An entry of `upstream` in trust.yaml; files are named, not read. */
export type UpstreamRuleEntry = ArtifactRuleEntry | RepositoryRuleEntry;

interface ArtifactRuleEntry {
  readonly match: string;
  readonly cosign:
    | { readonly key: string }
    | { readonly pem: string }
    | { readonly identity: string; readonly issuer: string; readonly trustedRoot: string };
}

interface RepositoryRuleEntry {
  readonly match: string;
  readonly git: {
    readonly allowedSigners?: string | undefined;
    readonly keyring?: string | undefined;
    readonly refs?: string[] | undefined;
  };
}

const text = z.string().min(1).max(1000);

export const upstreamRuleEntry: z.ZodType<UpstreamRuleEntry, UpstreamRuleEntry> = z.union([
  z.strictObject({
    match: demandPattern,
    cosign: z.union([
      z.strictObject({ key: text }),
      z.strictObject({ pem: z.string().max(10_000) }),
      z.strictObject({ identity: text, issuer: text, trustedRoot: text }),
    ]),
  }),
  z.strictObject({
    match: repositoryPattern,
    git: z
      .strictObject({
        allowedSigners: text.optional(),
        keyring: text.optional(),
        refs: z.array(demandedRefPattern).min(1).max(1000).optional(),
      })
      .refine(({ allowedSigners, keyring }) => allowedSigners !== undefined || keyring !== undefined, {
        error: 'names nobody: say allowedSigners, keyring, or both',
      }),
  }),
]);

/** The files that an entry names. */
export function filesOf(entry: UpstreamRuleEntry): string[] {
  if ('git' in entry)
    return [entry.git.allowedSigners, entry.git.keyring].filter((file) => file !== undefined);
  const { cosign: demand } = entry;
  if ('key' in demand) return [demand.key];
  return 'trustedRoot' in demand ? [demand.trustedRoot] : [];
}

/** The member of an entry that says who must have signed. */
export function demandOf(entry: UpstreamRuleEntry): 'cosign' | 'git' {
  return 'git' in entry ? 'git' : 'cosign';
}

interface ReadRule {
  readonly rule: UpstreamRule;
  /** What stands for it in the policy's fingerprint. */
  readonly fingerprinted: unknown;
}

/** An entry with its files read in. `contentOf` gives a file's content, nothing for one that is not there. Throws `KEY_UNUSABLE`. */
export function toUpstreamRule(entry: UpstreamRuleEntry, contentOf: (file: string) => Uint8Array): ReadRule {
  return 'git' in entry ? toRepositoryRule(entry, contentOf) : toArtifactRule(entry, contentOf);
}

/** That the files can be read as what they are is seen by who verifies with them. */
function toRepositoryRule(
  { match, git: { allowedSigners, keyring, refs } }: RepositoryRuleEntry,
  contentOf: (file: string) => Uint8Array,
): ReadRule {
  const files = {
    ...(allowedSigners !== undefined && { allowedSigners: keyFile(allowedSigners, contentOf) }),
    ...(keyring !== undefined && { keyring: keyFile(keyring, contentOf) }),
  };
  const digests = Object.entries(files).map(([member, { content }]) => [member, digestOf(content)]);
  const wanted = refs === undefined ? {} : { refs };
  return {
    rule: { match, signers: files, ...wanted },
    fingerprinted: { match, git: { ...Object.fromEntries(digests), ...wanted } },
  };
}

/** Keys are some kilobytes; a distribution's whole keyring is some megabytes. */
const MAX_KEY_FILE = 16_777_216;

function keyFile(name: string, contentOf: (file: string) => Uint8Array): KeyFile {
  const content = contentOf(name);
  if (content.byteLength === 0) throw unusable(`${name} is empty or not there`);
  if (content.byteLength > MAX_KEY_FILE) throw unusable(`${name} has more than ${MAX_KEY_FILE} bytes`);
  return { name, content };
}

function toArtifactRule(
  { match, cosign: demand }: ArtifactRuleEntry,
  contentOf: (file: string) => Uint8Array,
): ReadRule {
  if ('trustedRoot' in demand) {
    const { identity, issuer } = demand;
    const trustedRoot = contentOf(demand.trustedRoot);
    requireTrustedRoot(trustedRoot);
    return {
      rule: { match, demand: { by: 'cosign-identity', identity, issuer, trustedRoot } },
      fingerprinted: { match, cosign: { identity, issuer, trustedRoot: digestOf(trustedRoot) } },
    };
  }
  const [name, pem] =
    'key' in demand
      ? [demand.key, Buffer.from(contentOf(demand.key)).toString()]
      : ['of the policy', demand.pem];
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
