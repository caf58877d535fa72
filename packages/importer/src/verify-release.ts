import { complete, type VerifiedRelease } from '@gapferry/bundle';
import {
  type BlobChecker,
  type BlobReader,
  checkRun,
  type ReleaseReader,
  type Run,
  totalSize,
} from '@gapferry/core';
import { type OpenOnMedium, openOnMedium } from './open-on-medium.ts';
import { requireClosedGraphs } from './require-closed-graphs.ts';

export interface VerifyRelease extends OpenOnMedium {
  readonly medium: ReleaseReader & BlobChecker & BlobReader;
}

/** Both gates: authenticity, then admission: every blob of the release is hashed where it lies.
 *  Then the manifests of images and charts are read, to see that the release has all they name.
 *  Throws the first gate's errors, `DIGEST_MISMATCH` for damaged and `BLOB_MISSING` for missing blobs, naming the items concerned, and what `requireClosedGraphs` throws. */
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
  const release = complete(opened, findings);
  await requireClosedGraphs(release, input.medium, run);
  return release;
}
