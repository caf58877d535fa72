import { createPublicKey } from 'node:crypto';
import { canonicalBytes, type Digest, digestOf, GapferryError, type TrustedKey } from '@gapferry/core';
import { z } from 'zod';
import { type ContentRule, contentRuleEntry } from './content-rule.ts';
import { FORMATS } from './formats.ts';
import { configError, parseYaml } from './parse-yaml.ts';
import type { Problem } from './problems.ts';
import { digestSchema, nameSchema, sequenceSchema } from './schemas.ts';
import { demandOf, filesOf, toUpstreamRule, type UpstreamRule, upstreamRuleEntry } from './upstream-rule.ts';

/** The site's trust policy with every key read in (docs/spec/07-trust-policy.md). */
export interface TrustPolicy {
  readonly version: number;
  readonly keys: readonly PolicyKey[];
  readonly channels: ReadonlyMap<string, ChannelPolicy>;
  /** Upstream's signatures, demanded of every release of every channel; all entries that match an item must be met. */
  readonly upstream: readonly UpstreamRule[];
  /** How old content may be, in every channel; all entries that fit an item must be kept. */
  readonly content: readonly ContentRule[];
  /** RFC 3339 date after which the policy should be renewed. */
  readonly refreshBy?: string;
  /** sha256 of the canonical JSON of the whole policy with each key replaced by its SPKI digest and each trusted root and file of signers by its sha256: what `trust pin` shows. */
  readonly digest: Digest;
}

export interface PolicyKey extends TrustedKey {
  /** RFC 3339; the key signs nothing that counts after it. */
  readonly notAfter?: string;
  /** sha256 of the SubjectPublicKeyInfo. */
  readonly fingerprint: Digest;
}

export interface ChannelPolicy {
  /** Glob patterns per kind of item; an item that none matches is out of scope. */
  readonly allow: AllowList;
  readonly require: readonly Requirement[];
  readonly deny: { readonly keys: readonly string[]; readonly releases: readonly Digest[] };
  /** Who may order that the channel goes back to an older release; all rules must be met. Empty: nobody. */
  readonly overrides: readonly Requirement[];
  readonly mark?: { readonly sequence: number; readonly statement?: Digest };
  /** Demands of the policy that this gapferry cannot check; each makes it refuse every release of the channel. */
  readonly unsupported: readonly string[];
}

export interface AllowList {
  readonly images: readonly string[];
  readonly charts: readonly string[];
  readonly git: readonly string[];
  readonly files: readonly string[];
}

export interface Requirement {
  readonly role: 'collector' | 'approver';
  readonly keys: readonly string[];
  /** How many distinct owners must have signed. */
  readonly count: number;
  readonly distinctFrom: readonly string[];
}

const pattern = z.string().min(1).max(500);
const text = z.string().min(1).max(1000);
const day = z.union([z.iso.date(), z.iso.datetime()]);
const keyEntry = z.union([
  z.strictObject({ file: text, owner: text, notAfter: day.optional() }),
  z.strictObject({ pem: z.string().max(10_000), owner: text, notAfter: day.optional() }),
]);
const channelEntry = z.strictObject({
  allow: z.strictObject({
    images: z.array(pattern).optional(),
    charts: z.array(pattern).optional(),
    git: z.array(pattern).optional(),
    files: z.array(pattern).optional(),
  }),
  require: z
    .array(
      z.strictObject({
        role: z.enum(['collector', 'approver']),
        keys: z.array(text).min(1),
        count: z.number().int().min(1).max(100),
        distinctFrom: z.array(z.enum(['collector', 'approver'])).optional(),
      }),
    )
    .min(1),
  deny: z
    .strictObject({ keys: z.array(text).optional(), releases: z.array(digestSchema).optional() })
    .optional(),
  overrides: z
    .array(
      z.strictObject({
        role: z.enum(['collector', 'approver']),
        keys: z.array(text).min(1),
        count: z.number().int().min(1).max(100),
      }),
    )
    .min(1)
    .max(100)
    .optional(),
  expired: z.enum(['refuse', 'override']).optional(),
  scan: z.strictObject({ required: z.boolean(), maxAgeDays: z.number().positive().optional() }).optional(),
  mark: z.strictObject({ sequence: z.number().int().min(0), statement: digestSchema.optional() }).optional(),
});
const schema = z.strictObject({
  format: z.literal(FORMATS.trust),
  version: sequenceSchema,
  roots: z.strictObject({ threshold: z.number().int().min(1), keys: z.array(text).min(1) }).optional(),
  keys: z.record(text, keyEntry),
  channels: z.record(nameSchema, channelEntry),
  upstream: z.array(upstreamRuleEntry).max(1000).optional(),
  content: z.array(contentRuleEntry).max(1000).optional(),
  refreshBy: day.optional(),
});
type Raw = z.infer<typeof schema>;

const KNOWN = [
  ...Object.keys(schema.shape),
  'file',
  'pem',
  'owner',
  'notAfter',
  'allow',
  'require',
  'deny',
  'overrides',
  'expired',
  'scan',
  'mark',
  'role',
  'count',
  'distinctFrom',
  'images',
  'charts',
  'git',
  'files',
  'releases',
  'threshold',
  'match',
  'cosign',
  'key',
  'identity',
  'issuer',
  'trustedRoot',
  'allowedSigners',
  'keyring',
  'refs',
  'kind',
  'maxAgeDays',
];

/** A trust.yaml whose key files and trusted roots have not been read yet. */
export interface TrustDraft {
  /** Paths as written in the file, relative to it. */
  readonly keyFiles: readonly string[];
  /** Reads keys, trusted roots and files of signers in. `files` maps each of `keyFiles` to its content. Throws `CONFIG_INVALID`. */
  complete(files: ReadonlyMap<string, string | Uint8Array>): TrustPolicy;
}

/** Parses trust.yaml. Throws `CONFIG_INVALID` with every problem at once. */
export function parseTrustPolicy(source: string, file: string): TrustDraft {
  const yaml = parseYaml(source, file, 'trust', schema, () => KNOWN);
  const problems = referenceProblems(yaml.value, yaml.problem);
  if (problems.length > 0) throw configError(file, problems);
  const { keys, upstream = [] } = yaml.value;
  const keyFiles = [
    ...Object.values(keys).flatMap((key) => ('file' in key ? [key.file] : [])),
    ...upstream.flatMap(filesOf),
  ];
  return { keyFiles, complete: (files) => completePolicy(yaml.value, files, file, yaml.problem) };
}

type MakeProblem = (path: PropertyKey[], message: string) => Problem;

function referenceProblems(raw: Raw, problem: MakeProblem): Problem[] {
  const known = new Set(Object.keys(raw.keys));
  const unknown = (names: readonly string[] | undefined, path: PropertyKey[]): Problem[] =>
    (names ?? []).flatMap((name, i) =>
      known.has(name) ? [] : [problem([...path, i], `the key "${name}" is not among keys`)],
    );
  return [
    ...unknown(raw.roots?.keys, ['roots', 'keys']),
    ...Object.entries(raw.channels).flatMap(([channel, entry]) => [
      ...entry.require.flatMap((rule, i) => unknown(rule.keys, ['channels', channel, 'require', i, 'keys'])),
      ...(entry.overrides ?? []).flatMap((rule, i) =>
        unknown(rule.keys, ['channels', channel, 'overrides', i, 'keys']),
      ),
      ...unknown(entry.deny?.keys, ['channels', channel, 'deny', 'keys']),
      ...(entry.require.some((rule) => rule.role === 'collector')
        ? []
        : [problem(['channels', channel, 'require'], 'names no collector: nobody could send anything')]),
    ]),
  ];
}

function completePolicy(
  raw: Raw,
  files: ReadonlyMap<string, string | Uint8Array>,
  file: string,
  problem: MakeProblem,
): TrustPolicy {
  const contentOf = (name: string): Uint8Array => Buffer.from(files.get(name) ?? '');
  const problems: Problem[] = [];
  const attempt = <T>(path: PropertyKey[], make: () => T): T[] => {
    try {
      return [make()];
    } catch (error) {
      problems.push(problem(path, error instanceof Error ? error.message : String(error)));
      return [];
    }
  };
  const keys = Object.entries(raw.keys).flatMap(([id, entry]) =>
    attempt(['keys', id], () =>
      toKey(id, entry, 'pem' in entry ? entry.pem : Buffer.from(contentOf(entry.file)).toString()),
    ),
  );
  const upstream = (raw.upstream ?? []).flatMap((entry, i) =>
    attempt(['upstream', i, demandOf(entry)], () => toUpstreamRule(entry, contentOf)),
  );
  problems.push(...sharedKeys(keys, problem));
  if (problems.length > 0) throw configError(file, problems);
  return {
    version: raw.version,
    keys,
    channels: new Map(Object.entries(raw.channels).map(([name, entry]) => [name, toChannel(entry)])),
    upstream: upstream.map(({ rule }) => rule),
    content: raw.content ?? [],
    ...(raw.refreshBy && { refreshBy: toTime(raw.refreshBy) }),
    digest: policyDigest(raw, keys, upstream),
  };
}

function toKey(id: string, { owner, notAfter }: Raw['keys'][string], pem: string): PolicyKey {
  const fingerprint = spkiDigest(pem);
  return { id, owner, pem, fingerprint, ...(notAfter && { notAfter: toTime(notAfter) }) };
}

/** One key under two owners would let one person count twice. */
function sharedKeys(keys: readonly PolicyKey[], problem: MakeProblem): Problem[] {
  const owners = new Map<Digest, PolicyKey>();
  return keys.flatMap((key) => {
    const other = owners.get(key.fingerprint);
    owners.set(key.fingerprint, other ?? key);
    return other === undefined ? [] : [problem(['keys', key.id], `is the same key as "${other.id}"`)];
  });
}

function toChannel(entry: Raw['channels'][string]): ChannelPolicy {
  const { images = [], charts = [], git = [], files = [] } = entry.allow;
  const unsupported = [
    ...(entry.scan?.required ? ['scan.required'] : []),
    ...(entry.require.some((rule) => rule.role === 'approver') ? ['require.approver'] : []),
    ...(entry.require.some((rule) => rule.distinctFrom?.length) ? ['require.distinctFrom'] : []),
  ];
  return {
    allow: { images, charts, git, files },
    require: entry.require.map((rule) => ({ ...rule, distinctFrom: rule.distinctFrom ?? [] })),
    deny: { keys: entry.deny?.keys ?? [], releases: entry.deny?.releases ?? [] },
    overrides: (entry.overrides ?? []).map((rule) => ({ ...rule, distinctFrom: [] })),
    ...(entry.mark && {
      mark: {
        sequence: entry.mark.sequence,
        ...(entry.mark.statement && { statement: entry.mark.statement }),
      },
    }),
    unsupported,
  };
}

/** sha256 of the DER SubjectPublicKeyInfo. Throws `KEY_UNUSABLE` for anything but a P-256, P-384 or Ed25519 public key in PEM. */
export function spkiDigest(pem: string): Digest {
  if (!/^\s*-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----\s*$/.test(pem))
    throw unusableKey('is not exactly one public key in PEM (-----BEGIN PUBLIC KEY-----)');
  try {
    const key = createPublicKey(pem);
    const curve = key.asymmetricKeyDetails?.namedCurve;
    const good =
      key.asymmetricKeyType === 'ed25519' ||
      (key.asymmetricKeyType === 'ec' && (curve === 'prime256v1' || curve === 'secp384r1'));
    if (!good) throw unusableKey('is not a P-256, P-384 or Ed25519 key');
    return digestOf(key.export({ type: 'spki', format: 'der' }));
  } catch (cause) {
    if (cause instanceof GapferryError) throw cause;
    throw unusableKey('cannot be read as a public key');
  }
}

function unusableKey(message: string): GapferryError {
  return new GapferryError({
    code: 'KEY_UNUSABLE',
    message,
    hint: 'use the .pub file that "gapferry keys generate" wrote',
  });
}

function policyDigest(
  raw: Raw,
  keys: readonly PolicyKey[],
  upstream: ReadonlyArray<{ readonly fingerprinted: unknown }>,
): Digest {
  const named = Object.fromEntries(
    keys.map((key) => [key.id, { owner: key.owner, spki: key.fingerprint, notAfter: key.notAfter }]),
  );
  const rules = raw.upstream && { upstream: upstream.map(({ fingerprinted }) => fingerprinted) };
  return digestOf(canonicalBytes({ ...raw, ...rules, keys: named }));
}

/** A bare date means its end. */
function toTime(dateOrTime: string): string {
  return dateOrTime.length === 10
    ? `${dateOrTime}T23:59:59Z`
    : new Date(dateOrTime).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
