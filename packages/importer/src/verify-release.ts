import { complete, requireBlobs, type VerifiedRelease } from '@gapferry/bundle';
import {
  type BlobChecker,
  type BlobReader,
  checkRun,
  type GitSignatureVerifier,
  type ReleaseReader,
  type Run,
  totalSize,
  type UpstreamVerifier,
} from '@gapferry/core';
import { judgeRepositoriesOnMedium } from './judge-repositories-on-medium.ts';
import { judgeUpstreamOnMedium } from './judge-upstream-on-medium.ts';
import { type OpenOnMedium, openOnMedium } from './open-on-medium.ts';
import { requireClosedGraphs } from './require-closed-graphs.ts';
import { requireContentDates } from './require-content-dates.ts';

export interface VerifyRelease extends OpenOnMedium {
  readonly medium: ReleaseReader & BlobChecker & BlobReader;
  /** Judges upstream's signatures where the policy demands them. */
  readonly upstreamVerifier: UpstreamVerifier;
  /** The same for tags and commits. */
  readonly gitSignatureVerifier: GitSignatureVerifier;
}

/** Both gates: authenticity, then admission: every blob of the release is hashed where it lies, and what the policy wants signed by upstream is held against the signatures that came along.
 *  Then the manifests of images and charts are read, to see that the release has all they name, and content that grows old is looked at, to see that it is as old as the release says.
 *  Throws the first gate's errors, `DIGEST_MISMATCH` for damaged and `BLOB_MISSING` for missing blobs, naming the items concerned, and what `judgeUpstreamOnMedium`, `judgeRepositoriesOnMedium`, `requireClosedGraphs` and `requireContentDates` throw. */
export async function verifyRelease(input: VerifyRelease, run: Run): Promise<VerifiedRelease> {
  const opened = await openOnMedium(input, run);
  run.emit({
    kind: 'stage',
    stage: 'verify',
    items: opened.manifest.items.length,
    bytes: totalSize(opened.blobs),
  });
  const findings = await input.medium.check(opened.blobs, run);
  checkRun(run);
  requireBlobs(opened, findings);
  const judgements = [
    ...(await judgeUpstreamOnMedium(opened, input, run)),
    ...(await judgeRepositoriesOnMedium(opened, input, run)),
  ];
  const release = complete(opened, findings, judgements);
  await requireClosedGraphs(release, input.medium, run);
  await requireContentDates(release, input, run);
  return release;
}
