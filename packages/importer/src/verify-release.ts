import {
  complete,
  type ReleaseFindings,
  requireBlobs,
  sendingOrder,
  type TargetRule,
  type TrustedManifest,
  type VerifiedRelease,
} from '@gapferry/bundle';
import {
  type BlobChecker,
  type BlobReader,
  checkRun,
  type GitSignatureVerifier,
  inLanes,
  isGapferryError,
  type Ledger,
  type ReleaseReader,
  type Run,
  type SizedDigest,
  totalSize,
  type UpstreamVerifier,
} from '@gapferry/core';
import { findAdmission } from './find-admission.ts';
import { judgeRepositoriesOnMedium } from './judge-repositories-on-medium.ts';
import { judgeUpstreamOnMedium } from './judge-upstream-on-medium.ts';
import { type OpenOnMedium, openOnMedium } from './open-on-medium.ts';
import { requireProving } from './proving-medium.ts';
import { requireClosedGraphs } from './require-closed-graphs.ts';
import { requireContentDates } from './require-content-dates.ts';

export interface VerifyRelease extends OpenOnMedium {
  readonly medium: ReleaseReader & BlobChecker & BlobReader;
  /** Judges upstream's signatures where the policy demands them. */
  readonly upstreamVerifier: UpstreamVerifier;
  /** The same for tags and commits. */
  readonly gitSignatureVerifier: GitSignatureVerifier;
  /** Which target takes what, in the order of the site file: the blobs are hashed in the order in which they will be sent. */
  readonly rules?: readonly TargetRule[];
  /** Hash only what the gates themselves read; the rest is seen to be there with its size, and hashed while it is sent. `medium` is a `provingMedium`. */
  readonly onePass?: boolean;
  /** The site's, its chain found intact by whoever calls: a release that it says was let in here before is looked at as in one pass, and what is sent of it is hashed when that is planned, before the first effect. `medium` is a `provingMedium`. Left out to hash everything in any case. */
  readonly ledger?: Ledger;
}

/** Blobs whose presence is asked for at a time. */
const LOOKS = 16;

/** Both gates: authenticity, then admission: every blob of the release is hashed where it lies (in one pass, and where the ledger says that all of it was before: looked for), and what the policy wants signed by upstream is held against the signatures that came along.
 *  Then the manifests of images and charts are read, to see that the release has all they name, and content that grows old is looked at, to see that it is as old as the release says.
 *  Throws the first gate's errors, `DIGEST_MISMATCH` for damaged and `BLOB_MISSING` for missing blobs, naming the items concerned, and what `judgeUpstreamOnMedium`, `judgeRepositoriesOnMedium`, `requireClosedGraphs` and `requireContentDates` throw. */
export async function verifyRelease(input: VerifyRelease, run: Run): Promise<VerifiedRelease> {
  const opened = await openOnMedium(input, run);
  const findings = await readBlobs(opened, input, run);
  checkRun(run);
  requireBlobs(opened, findings);
  try {
    return await judgeContent(opened, findings, input, run);
  } catch (error) {
    if (findings.pending !== undefined) await requireUndamaged(opened, input.medium, error, run);
    throw error;
  }
}

async function judgeContent(
  opened: TrustedManifest,
  findings: ReleaseFindings,
  input: VerifyRelease,
  run: Run,
): Promise<VerifiedRelease> {
  const judgements = [
    ...(await judgeUpstreamOnMedium(opened, input, run)),
    ...(await judgeRepositoriesOnMedium(opened, input, run)),
  ];
  const release = complete(opened, findings, judgements);
  await requireClosedGraphs(release, input.medium, run);
  await requireContentDates(release, input, run);
  return release;
}

async function readBlobs(
  opened: TrustedManifest,
  { medium, rules, onePass, ledger }: VerifyRelease,
  run: Run,
): Promise<ReleaseFindings> {
  const items = opened.manifest.items.length;
  const admitted = onePass || ledger === undefined ? undefined : findAdmission(ledger, opened.statement);
  if (onePass || admitted !== undefined) {
    requireProving(medium);
    run.emit({ kind: 'stage', stage: 'verify', items });
    const found = await lookForBlobs(opened, medium, run);
    return { ...found, ...(admitted !== undefined && { admitted }) };
  }
  run.emit({ kind: 'stage', stage: 'verify', items, bytes: totalSize(opened.blobs) });
  return await medium.check(sendingOrder(opened, rules), run);
}

/** What is not there with its size is looked at closely: the checker says what is wrong with it. */
async function lookForBlobs(
  { blobs }: TrustedManifest,
  medium: BlobChecker & BlobReader,
  run: Run,
): Promise<ReleaseFindings> {
  const seen = await inLanes(blobs, LOOKS, (blob, inner) => medium.has(blob, inner), run);
  const absent: SizedDigest[] = blobs.filter((_, i) => seen[i] !== true);
  const findings =
    absent.length === 0 ? { good: new Set<never>(), bad: [] } : await medium.check(absent, run);
  const pending = new Set(blobs.filter((_, i) => seen[i] === true).map(({ digest }) => digest));
  return { ...findings, pending };
}

/** A blob that was read for the first time to be judged, and is wrong, is named with its items, as it is where all are hashed before. */
async function requireUndamaged(
  opened: TrustedManifest,
  medium: BlobChecker,
  error: unknown,
  run: Run,
): Promise<void> {
  if (!isGapferryError(error) || error.category !== 'integrity' || run.signal.aborted) return;
  const { expected, digest } = error.data;
  const blob = opened.blobs.find((one) => one.digest === (expected ?? digest));
  if (blob === undefined) return;
  const { bad } = await medium.check([blob], run);
  const others = opened.blobs.filter((one) => one !== blob || bad.length === 0);
  requireBlobs(opened, { good: new Set(others.map((one) => one.digest)), bad });
}
