import {
  type Digest,
  digestOf,
  formatTime,
  GapferryError,
  hexOf,
  RELEASE_LIMITS,
  type ReleaseAddress,
  type ReleaseFiles,
  type SizedDigest,
  shortDigest,
  type Verifier,
} from '@gapferry/core';
import { parseManifest } from './check-manifest.ts';
import { type AcceptedOverride, judgeOverride, type OverrideOrder } from './judge-override.ts';
import { describeItem, type Manifest } from './manifest.ts';
import { judgeMark, type Mark, type MarkVerdict } from './mark.ts';
import { type Packs, parsePacks, releaseBlobs } from './packs.ts';
import { itemsOutOfScope } from './scope.ts';
import { requireSigners, type SignedStatement, verifySignatures } from './signatures.ts';
import { parseStatement, type ReleasePredicate, type ReleaseStatement } from './statement.ts';
import type { ChannelPolicy, PolicyKey, TrustPolicy } from './trust-policy.ts';
import type { UpstreamRule } from './upstream-rule.ts';

declare const trusted: unique symbol;

/** A release that passed the first gate: signed by whom the policy wants, in scope, not replayed. Nothing is known of its blobs yet. Only `openRelease` makes one. */
export interface TrustedManifest {
  readonly [trusted]: true;
  readonly address: ReleaseAddress;
  /** What was judged, byte for byte. */
  readonly files: ReleaseFiles;
  readonly release: ReleasePredicate;
  /** The identity of the release. */
  readonly statement: Digest;
  readonly manifest: Manifest;
  readonly manifestDigest: Digest;
  readonly packs: Packs | undefined;
  /** Every blob of manifest and packs, sorted by digest. */
  readonly blobs: readonly SizedDigest[];
  /** Names of the policy keys that signed, and their owners. */
  readonly signers: ReadonlyArray<{ readonly key: string; readonly owner: string }>;
  readonly policy: { readonly version: number; readonly digest: Digest };
  /** What the policy demands of upstream's signatures; judged at the second gate, when the blobs are there. */
  readonly upstream: readonly UpstreamRule[];
  readonly verdict: MarkVerdict | 'not judged';
  /** With the verdict `older`: what allows it. */
  readonly override?: AcceptedOverride;
  /** Sentences for the operator, for example a clock that seems to be behind. */
  readonly warnings: readonly string[];
}

/** What the first gate is decided from. */
export interface OpenInput {
  readonly address: ReleaseAddress;
  readonly files: ReleaseFiles;
  readonly policy: TrustPolicy;
  readonly verifier: Verifier;
  readonly now: Date;
  /** The site's mark of the channel, or `not judged` where there is no site (`gapferry verify --trust`). A function, because the channel is known only after the signature was checked. */
  readonly mark: 'not judged' | ((channel: string) => Mark);
  /** The latest moment that the site has recorded, RFC 3339: a clock that was set back since does not make it earlier. */
  readonly seen?: string;
  /** Only for going back: the release must be older than the mark then. */
  readonly override?: OverrideOrder;
}

/** How far ahead of the clock a release may be issued, in milliseconds. */
const MAX_FUTURE_SKEW = 24 * 3600 * 1000;

const made = new WeakSet<object>();

/** The first gate (authenticity), pure. In this order: sizes; signature over the statement's bytes by keys the policy names; only then the statement is parsed; channel, revoked keys, recalled release,
 *  expired keys, thresholds, policy version, dates; anti-rollback; the statement's digests over manifest.json and packs.json; only then these are parsed and checked; scope.
 *  Throws a `trust` or `integrity` error naming what is wrong. */
export function openRelease(input: OpenInput): TrustedManifest {
  limitSizes(input.files);
  const signed = verifySignatures(input.files, input.policy, input.verifier);
  const statement = parseStatement(signed.payload);
  const release = statement.predicate;
  const channel = channelOf(release, input);
  const { signers, warnings, time } = judgeSigners(signed, channel, release, input);
  const judged = judgeHistory(signed, channel, release, time, input);
  requireSubjects(statement, input.files);
  const manifest = parseManifest(input.files.manifest);
  const packs = input.files.packs === undefined ? undefined : parsePacks(input.files.packs, manifest);
  requireAgreement(manifest, packs, release);
  requireScope(manifest, channel, release.channel);
  const opened = {
    address: input.address,
    files: { ...input.files },
    release,
    statement: signed.digest,
    manifest,
    manifestDigest: digestOf(input.files.manifest),
    packs,
    blobs: releaseBlobs(manifest, packs),
    signers: signers.map(({ id, owner }) => ({ key: id, owner })),
    policy: { version: input.policy.version, digest: input.policy.digest },
    upstream: input.policy.upstream,
    ...judged,
    warnings: [...warnings, ...policyWarnings(input)],
  } as unknown as TrustedManifest;
  made.add(opened);
  return deepFreeze(opened);
}

/** Guards against a value that only looks like one. */
export function isTrustedManifest(value: object): value is TrustedManifest {
  return made.has(value);
}

function limitSizes({ statement, manifest, packs }: ReleaseFiles): void {
  for (const [name, bytes, limit] of [
    ['release.sigstore.json', statement, RELEASE_LIMITS.statement],
    ['manifest.json', manifest, RELEASE_LIMITS.manifest],
    ['packs.json', packs, RELEASE_LIMITS.packs],
  ] as const) {
    if (bytes !== undefined && bytes.byteLength > limit)
      throw new GapferryError({
        code: 'LIMIT_EXCEEDED',
        message: `${name} has ${bytes.byteLength} bytes; the limit is ${limit}`,
        origin: 'medium',
      });
  }
}

function channelOf(release: ReleasePredicate, { address, policy }: OpenInput): ChannelPolicy {
  const channel = policy.channels.get(release.channel);
  if (channel === undefined) {
    throw new GapferryError({
      code: 'CHANNEL_UNKNOWN',
      message: `the trust policy knows no channel "${release.channel}"; it knows ${[...policy.channels.keys()].join(', ')}`,
      hint: 'this release was made for another site, or the policy needs a new version',
      origin: 'medium',
    });
  }
  if (release.channel !== address.channel || release.sequence !== address.sequence) {
    throw new GapferryError({
      code: 'STATEMENT_INVALID',
      message: `the release in ${address.channel}/${address.sequence} says that it is ${release.channel}/${release.sequence}`,
      hint: 'somebody moved it: take the medium as it was written',
      origin: 'medium',
    });
  }
  if (channel.unsupported.length > 0) {
    throw new GapferryError({
      code: 'POLICY_UNSUPPORTED',
      message: `the trust policy of channel ${release.channel} demands what this gapferry cannot check yet: ${channel.unsupported.join(', ')}`,
      hint: 'nothing is imported under a policy that is only half enforced: use a newer gapferry, or another policy',
      origin: 'site',
    });
  }
  return channel;
}

function judgeSigners(
  signed: SignedStatement,
  channel: ChannelPolicy,
  release: ReleasePredicate,
  input: OpenInput,
): { signers: readonly PolicyKey[]; warnings: string[]; time: number } {
  if (channel.deny.releases.includes(signed.digest))
    throw refused(
      'RELEASE_DENIED',
      `release ${release.version} of channel ${release.channel} (${shortDigest(signed.digest)}) was recalled by the trust policy`,
      'collect a new release',
    );
  const denied = signed.signers.find((key) => channel.deny.keys.includes(key.id));
  if (denied !== undefined)
    throw refused(
      'KEY_DENIED',
      `the key ${denied.id} of ${denied.owner}, which signed this release, is revoked`,
      'whatever date the release carries, nothing that this key signed is accepted',
    );
  const { time, warnings } = trustedNow(release, input);
  const alive = signed.signers.filter(
    (key) => key.notAfter === undefined || time <= Date.parse(key.notAfter),
  );
  if (alive.length === 0)
    throw refused(
      'KEY_EXPIRED',
      `the key ${signed.signers[0]?.id} ended on ${signed.signers[0]?.notAfter}`,
      'sign with a current key, or renew the trust policy',
    );
  const counted = channel.require.flatMap((rule) => requireSigners(rule, alive));
  if (release.expiresAt !== undefined && time > Date.parse(release.expiresAt))
    throw refused(
      'RELEASE_EXPIRED',
      `release ${release.version} of channel ${release.channel} expired at ${release.expiresAt}`,
      'collect a new release',
    );
  if (release.minPolicyVersion !== undefined && input.policy.version < release.minPolicyVersion)
    throw refused(
      'TRUST_MISMATCH',
      `this release wants version ${release.minPolicyVersion} of the trust policy or later; here is version ${input.policy.version}`,
      'bring the newer policy in first',
    );
  return { signers: [...new Set(counted)], warnings, time };
}

/** Anti-rollback, and the one way around it. */
function judgeHistory(
  { digest }: SignedStatement,
  channel: ChannelPolicy,
  release: ReleasePredicate,
  time: number,
  { mark: markOf, override: order, policy, verifier }: OpenInput,
): Pick<TrustedManifest, 'verdict' | 'override'> {
  if (markOf === 'not judged') return { verdict: markOf };
  const mark = markOf(release.channel);
  if (order === undefined) return { verdict: judgeMark(mark, release, digest) };
  if (release.sequence >= mark.sequence)
    throw refused(
      'OVERRIDE_REFUSED',
      `release ${release.version} (number ${release.sequence} of channel ${release.channel}) is not older than number ${mark.sequence}, which this site has accepted`,
      'it needs no override: import it without one',
    );
  const override = judgeOverride(order, {
    policy,
    channel,
    verifier,
    time,
    mark,
    release,
    statement: digest,
  });
  return { verdict: judgeMark(mark, release, digest, override), override };
}

/** Trusted now = max(clock, latest accepted issued-at, what the site has recorded last); a release from the far future is refused so that one wrong date cannot expire everything. */
function trustedNow(
  release: ReleasePredicate,
  { now, mark, seen: recorded }: OpenInput,
): { time: number; warnings: string[] } {
  const issued = Date.parse(release.issuedAt);
  if (issued > now.getTime() + MAX_FUTURE_SKEW)
    throw refused(
      'FUTURE_RELEASE',
      `release ${release.version} says it was issued at ${release.issuedAt}, more than 24 h ahead of this host's clock (${formatTime(now)})`,
      'set the clock of this host, or ask the sender about theirs',
    );
  const seen = mark === 'not judged' ? undefined : mark(release.channel).issuedAt;
  const latest = seen === undefined ? 0 : Date.parse(seen);
  const warnings =
    latest > now.getTime()
      ? [`this host's clock (${formatTime(now)}) is behind the latest accepted release (${seen})`]
      : [];
  const last = recorded === undefined ? 0 : Date.parse(recorded);
  return { time: Math.max(now.getTime(), latest, last), warnings };
}

function requireSubjects(statement: ReleaseStatement, files: ReleaseFiles): void {
  const given: Record<string, Uint8Array | undefined> = {
    'manifest.json': files.manifest,
    'packs.json': files.packs,
  };
  for (const { name, digest } of statement.subject) {
    const bytes = given[name];
    if (bytes === undefined)
      throw new GapferryError({
        code: 'BLOB_MISSING',
        message: `the release statement names ${name}, which is not there`,
        hint: 'the medium is incomplete: write it again',
        origin: 'medium',
      });
    const actual = digestOf(bytes);
    if (hexOf(actual) !== digest.sha256)
      throw new GapferryError({
        code: 'DIGEST_MISMATCH',
        message: `${name} is not the one that was signed: its sha256 is ${actual}, signed was sha256:${digest.sha256}`,
        hint: 'it was changed or damaged; nothing of this release is used',
        origin: 'medium',
        data: { item: name, actual, expected: `sha256:${digest.sha256}` },
      });
  }
  if (files.packs !== undefined && statement.subject.length === 1)
    throw new GapferryError({
      code: 'STATEMENT_INVALID',
      message: 'there is a packs.json that the release statement does not name',
      origin: 'medium',
    });
}

function requireAgreement(manifest: Manifest, packs: Packs | undefined, release: ReleasePredicate): void {
  const withRefs = manifest.items.some(
    (item) => item.kind === 'git' && ('list' in item.refs || item.refs.length > 0),
  );
  if (withRefs && packs === undefined)
    throw new GapferryError({
      code: 'STATEMENT_INVALID',
      message: 'the manifest has Git items, but the release has no packs.json',
      origin: 'medium',
    });
  if (manifest.bundle !== release.bundle || manifest.version !== release.version)
    throw new GapferryError({
      code: 'STATEMENT_INVALID',
      message: `the statement is about ${release.bundle} ${release.version}, the manifest about ${manifest.bundle} ${manifest.version}`,
      origin: 'medium',
    });
}

function requireScope(manifest: Manifest, channel: ChannelPolicy, name: string): void {
  const outside = itemsOutOfScope(manifest, channel.allow).map(describeItem);
  if (outside.length === 0) return;
  const more = outside.length > 5 ? ` and ${outside.length - 5} more` : '';
  throw new GapferryError({
    code: 'SCOPE_VIOLATION',
    message: `channel ${name} may not bring ${outside.slice(0, 5).join(', ')}${more}`,
    hint: 'the allow list of the channel in the trust policy decides what may come in; change the bundle, or the policy by its own way',
    origin: 'medium',
    data: { items: outside.slice(0, 1000) },
  });
}

function policyWarnings({ policy, now }: OpenInput): string[] {
  const due = policy.refreshBy;
  return due !== undefined && now.getTime() > Date.parse(due)
    ? [`the trust policy should have been renewed by ${due}`]
    : [];
}

function refused(
  code:
    | 'RELEASE_DENIED'
    | 'KEY_DENIED'
    | 'KEY_EXPIRED'
    | 'RELEASE_EXPIRED'
    | 'TRUST_MISMATCH'
    | 'FUTURE_RELEASE'
    | 'OVERRIDE_REFUSED',
  message: string,
  hint: string,
): GapferryError {
  return new GapferryError({ code, message, hint, origin: 'medium' });
}

/** What passed a gate cannot be changed behind it. */
/** Bytes cannot be frozen; their holder is. */
function deepFreeze<T extends object>(value: T): T {
  if (ArrayBuffer.isView(value)) return value;
  for (const member of Object.values(value))
    if (member !== null && typeof member === 'object' && !Object.isFrozen(member)) deepFreeze(member);
  return Object.freeze(value);
}
