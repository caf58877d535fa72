import {
  type BlobFinding,
  type BlobFindings,
  type Digest,
  GapferryError,
  type SizedDigest,
} from '@gapferry/core';
import { itemsByBlob } from './check-manifest.ts';
import { requireJudged } from './judge-upstream.ts';
import { describeItem } from './manifest.ts';
import { isTrustedManifest, type TrustedManifest } from './open-release.ts';
import { firstCarriers, gitIdsByPack } from './packs.ts';
import type { UpstreamFinding, UpstreamJudgement } from './upstream-judgement.ts';

declare const verified: unique symbol;

/** What was found of a release's blobs. `pending`: they lie in their places with their sizes and were not read yet. In one pass they are hashed when they are read, at the latest while they are sent; of a release that was `admitted` here before, those that are sent are hashed before the first effect. */
export interface ReleaseFindings extends BlobFindings {
  readonly pending?: ReadonlySet<Digest>;
  readonly admitted?: Admission;
}

/** A release that passed both gates: authentic, every blob was read and is right, and upstream signed what the policy wants signed. `plan` and `apply` accept nothing else. Only `complete` and `readmit` make one. */
export interface VerifiedRelease {
  readonly [verified]: true;
  readonly opened: TrustedManifest;
  /** Which of the policy's demands upstream's signatures met. */
  readonly upstream: readonly UpstreamFinding[];
  /** Blobs that had not been read when the release was judged; absent when all were. Whoever applies a plan proves them before anything gets a name. */
  readonly pending?: ReadonlySet<Digest>;
  /** The ledger says that all of it was read here before: of what is pending, what a target lacks is hashed before the first effect, and the rest is proven at the targets. Absent in one pass. */
  readonly admitted?: Admission;
  /** Its blobs are not here: the ledger says that all of them were read, and read back at the targets. A plan made of it sets names. */
  readonly readmitted?: Admission;
}

/** An entry of the site's ledger by which the content of a release was read back at its targets. Whoever made this found the chain of the ledger intact. */
export interface Admission {
  /** Of the release. */
  readonly statement: Digest;
  readonly kind: string;
  readonly index: number;
  /** RFC 3339, UTC. */
  readonly at: string;
}

const made = new WeakSet<object>();

/** The second gate (admission), pure: every blob of the release is among those that were read and found right, or will be before anything gets a name (`pending`), and upstream's signatures were judged where the policy demands any.
 *  Throws `DIGEST_MISMATCH` when something is damaged and `BLOB_MISSING` when something is only missing; each names the items concerned. Throws `INTERNAL` for an admission of another release. */
export function complete(
  opened: TrustedManifest,
  findings: ReleaseFindings,
  judgements: readonly UpstreamJudgement[] = [],
): VerifiedRelease {
  requireOpened(opened, findings.admitted, 'complete');
  requireBlobs(opened, findings);
  const upstream = requireJudged(opened, judgements);
  const { pending, admitted } = findings;
  const release = Object.freeze({
    opened,
    upstream,
    ...(pending !== undefined && { pending }),
    ...(admitted !== undefined && { admitted: Object.freeze({ ...admitted }) }),
  }) as VerifiedRelease;
  made.add(release);
  return release;
}

/** The second gate for a release that this site let in before and of which it keeps only what names need: every blob was read then and found right, as its ledger says; upstream's signatures are judged again, by the policy of today.
 *  Throws `INTERNAL` for an admission of another release. */
export function readmit(
  opened: TrustedManifest,
  admission: Admission,
  judgements: readonly UpstreamJudgement[] = [],
): VerifiedRelease {
  requireOpened(opened, admission, 'readmit');
  const upstream = requireJudged(opened, judgements);
  const readmitted = Object.freeze({ ...admission });
  const release = Object.freeze({ opened, upstream, readmitted }) as VerifiedRelease;
  made.add(release);
  return release;
}

function requireOpened(opened: TrustedManifest, admission: Admission | undefined, caller: string): void {
  if (isTrustedManifest(opened) && (admission ?? opened).statement === opened.statement) return;
  throw new GapferryError({
    code: 'INTERNAL',
    message: `${caller} was called with something that openRelease did not make, or with the admission of another release`,
  });
}

/** Every blob was read and is right, or is pending. Throws `DIGEST_MISMATCH` or `BLOB_MISSING` as `complete` does, which asks for it again. */
export function requireBlobs(opened: TrustedManifest, { good, bad, pending }: ReleaseFindings): void {
  const unproved = opened.blobs.filter(({ digest }) => !good.has(digest) && pending?.has(digest) !== true);
  if (unproved.length > 0) throw findingsError(opened, findingsOf(unproved, bad));
}

/** Guards against a value that only looks like one. Throws `INTERNAL`. */
export function requireVerified(release: VerifiedRelease): VerifiedRelease {
  if (made.has(release)) return release;
  throw new GapferryError({
    code: 'INTERNAL',
    message: 'a release that was not verified reached the importer',
  });
}

/** Names of the items that need a blob, for messages: `image docker.io/library/nginx:1.27.3`. */
export function itemsOf(opened: TrustedManifest, digest: Digest): string[] {
  return namesByBlob(opened)(digest);
}

/** Looks everything up once: a medium that was pulled out misses every blob of the release. */
function namesByBlob({ manifest, packs }: TrustedManifest): (digest: Digest) => string[] {
  const items = itemsByBlob(manifest);
  const ids = gitIdsByPack(packs);
  return (digest) => [
    ...(items.get(digest) ?? []).map(describeItem),
    ...(ids.get(digest) ?? []).map((id) => `git ${id}`),
  ];
}

/** What was found about each blob; a checker that says nothing about one has not proved it. */
function findingsOf(unproved: readonly SizedDigest[], bad: readonly BlobFinding[]): BlobFinding[] {
  const found = new Map(bad.map((finding) => [finding.digest, finding]));
  return unproved.map(
    (blob) => found.get(blob.digest) ?? { ...blob, state: 'missing', detail: 'was not checked' },
  );
}

function findingsError(opened: TrustedManifest, bad: readonly BlobFinding[]): GapferryError {
  const namesOf = namesByBlob(opened);
  const carriers = firstCarriers(opened.packs);
  const damaged = bad.filter((finding) => finding.state !== 'missing');
  const worst = damaged.length > 0 ? damaged : bad;
  const lines = worst
    .slice(0, 5)
    .map(
      (finding) =>
        `${listed(namesOf(finding.digest))}: blob ${finding.digest} ${finding.state === 'missing' ? 'is missing' : finding.detail}${carriedBy(carriers.get(finding.digest), opened)}`,
    );
  const more = worst.length > 5 ? `; and ${worst.length - 5} more` : '';
  const items = [...new Set(bad.flatMap((finding) => namesOf(finding.digest)))];
  return new GapferryError({
    code: damaged.length > 0 ? 'DIGEST_MISMATCH' : 'BLOB_MISSING',
    message: `release ${opened.release.version} of channel ${opened.release.channel} is ${damaged.length > 0 ? 'damaged' : 'incomplete'}: ${lines.join('; ')}${more}`,
    hint:
      damaged.length > 0
        ? 'nothing was loaded; write the medium again and compare, or take another copy'
        : 'nothing was loaded; export the release again: the blobs named are not on this medium',
    origin: 'medium',
    data: {
      items: items.slice(0, 1000),
      findings: bad.slice(0, 1000).map(({ digest, size, state, detail }) => ({
        digest,
        size,
        state,
        detail,
        items: namesOf(digest).slice(0, 10),
      })),
    },
  });
}

/** A pack that came with an earlier release may lie on that release's medium. */
function carriedBy(since: number | undefined, { release }: TrustedManifest): string {
  return since === undefined || since === release.sequence
    ? ''
    : ` (release ${release.channel}/${since} carried it first)`;
}

/** A base layer can belong to hundreds of images. */
function listed(names: readonly string[]): string {
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return `${names.slice(0, 3).join(', ')}${more}`;
}
