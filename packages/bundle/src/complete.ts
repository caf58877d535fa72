import { type BlobFinding, type BlobFindings, type Digest, GapferryError } from '@gapferry/core';
import { itemsByBlob } from './check-manifest.ts';
import { describeItem } from './manifest.ts';
import { isTrustedManifest, type TrustedManifest } from './open-release.ts';
import { gitIdsByPack } from './packs.ts';

declare const verified: unique symbol;

/** A release that passed both gates: authentic, and every blob was read and is right. `plan` and `apply` accept nothing else. Only `complete` makes one. */
export interface VerifiedRelease {
  readonly [verified]: true;
  readonly opened: TrustedManifest;
}

const made = new WeakSet<object>();

/** The second gate (admission), pure: every blob of the release is among those that were read and found right.
 *  Throws `DIGEST_MISMATCH` when something is damaged and `BLOB_MISSING` when something is only missing; each names the items concerned. */
export function complete(opened: TrustedManifest, findings: BlobFindings): VerifiedRelease {
  if (!isTrustedManifest(opened))
    throw new GapferryError({
      code: 'INTERNAL',
      message: 'complete was called with something that openRelease did not make',
    });
  const unproved = opened.blobs.filter((blob) => !findings.good.has(blob.digest));
  if (unproved.length > 0)
    throw findingsError(
      opened,
      unproved.map(
        (blob) =>
          findings.bad.find((bad) => bad.digest === blob.digest) ?? {
            ...blob,
            state: 'missing',
            detail: 'was not checked',
          },
      ),
    );
  const release = Object.freeze({ opened }) as VerifiedRelease;
  made.add(release);
  return release;
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
  const named = (itemsByBlob(opened.manifest).get(digest) ?? []).map(describeItem);
  return [...named, ...(gitIdsByPack(opened.packs).get(digest) ?? []).map((id) => `git ${id}`)];
}

function findingsError(opened: TrustedManifest, bad: readonly BlobFinding[]): GapferryError {
  const damaged = bad.filter((finding) => finding.state !== 'missing');
  const worst = damaged.length > 0 ? damaged : bad;
  const lines = worst
    .slice(0, 5)
    .map(
      (finding) =>
        `${itemsOf(opened, finding.digest).join(', ')}: blob ${finding.digest} ${finding.state === 'missing' ? 'is missing' : finding.detail}`,
    );
  const more = worst.length > 5 ? `; and ${worst.length - 5} more` : '';
  const items = [...new Set(bad.flatMap((finding) => itemsOf(opened, finding.digest)))];
  return new GapferryError({
    code: damaged.length > 0 ? 'DIGEST_MISMATCH' : 'BLOB_MISSING',
    message: `release ${opened.release.version} of channel ${opened.release.channel} is ${damaged.length > 0 ? 'damaged' : 'incomplete'}: ${lines.join('; ')}${more}`,
    hint:
      damaged.length > 0
        ? 'nothing was loaded; write the medium again and compare, or take another copy'
        : 'nothing was loaded; export the release again: the blobs named are not on this medium',
    origin: 'medium',
    data: {
      items,
      findings: bad
        .slice(0, 1000)
        .map(({ digest, size, state, detail }) => ({
          digest,
          size,
          state,
          detail,
          items: itemsOf(opened, digest),
        })),
    },
  });
}
