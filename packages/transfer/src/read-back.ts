import type { TransferPlan } from '@gapferry/bundle';
import {
  type BlobFinding,
  formatReleaseAddress,
  GapferryError,
  type ReleaseFiles,
  type Run,
  totalSize,
} from '@gapferry/core';
import type { LooseMedium } from './loose-medium.ts';

/** Hashes every blob of the release on the medium, and compares the release files. Only after the last byte was written: fake sticks overwrite their beginning with what no longer fits.
 *  Blobs that came back wrong are removed, so that the next export writes them again. Returns whether the page cache was bypassed. Throws `DIGEST_MISMATCH`. */
export async function readBack(
  medium: LooseMedium,
  plan: TransferPlan,
  release: ReleaseFiles,
  run: Run,
): Promise<boolean> {
  run.emit({ kind: 'stage', stage: 'verify', items: plan.blobs.length, bytes: totalSize(plan.blobs) });
  const { bad, cacheBypassed } = await medium.check(plan.blobs, run, { direct: true });
  for (const { digest, state } of bad) if (state !== 'missing') await medium.discard(digest);
  if (bad.length > 0) throw notGivenBack(medium, plan, bad);
  requireSameFiles(medium, plan, release, await medium.readRelease(plan.address));
  return cacheBypassed;
}

/** Signatures and approvals that were on the medium before may stay there. */
function requireSameFiles(
  medium: LooseMedium,
  plan: TransferPlan,
  written: ReleaseFiles,
  read: ReleaseFiles,
): void {
  const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
    a === undefined || b === undefined ? a === b : Buffer.compare(a, b) === 0;
  const files =
    same(written.manifest, read.manifest) &&
    same(written.packs, read.packs) &&
    same(written.statement, read.statement) &&
    [...written.signatures].every(([name, bytes]) => same(bytes, read.signatures.get(name))) &&
    [...written.approvals].every(([name, bytes]) => same(bytes, read.approvals.get(name)));
  if (files) return;
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `the files of release ${formatReleaseAddress(plan.address)} on ${medium.directory} are not the ones that were written`,
    hint: 'use another medium',
    origin: 'medium',
    data: { path: medium.directory },
  });
}

/** Findings told one by one; with more of them the medium is the message. */
const MAX_TOLD = 100;

function notGivenBack(medium: LooseMedium, plan: TransferPlan, bad: readonly BlobFinding[]): GapferryError {
  const [first] = bad;
  const others = bad.length > 1 ? `, and ${bad.length - 1} more` : '';
  return new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${medium.directory} does not give back what was written: blob ${first?.digest} ${first?.detail}${others} (of ${plan.blobs.length})`,
    hint: 'run the same command again: these blobs are written anew; when it happens twice, the medium is broken or holds less than it says',
    origin: 'medium',
    data: {
      path: medium.directory,
      bad: bad.slice(0, MAX_TOLD).map((finding) => ({ ...finding })),
      count: bad.length,
    },
  });
}
