import { GapferryError, type ReleaseFiles, type SizedDigest } from '@gapferry/core';
import type { LooseMedium } from './loose-medium.ts';

/** File systems give every file whole blocks, and a name; less than this is never counted for one. */
const LEAST_BLOCK = 4096;
/** Bytes that one name takes in `index.json`: a reference of at most 255, its descriptor and annotation; generous. */
const NAME_BYTES = 640;

/** Throws `NO_SPACE` when the blobs that are not on the medium yet, the names and the release files do not fit, or when one blob is larger than a file may be there. */
export async function requireSpace(
  medium: LooseMedium,
  absent: readonly SizedDigest[],
  names: number,
  release: ReleaseFiles,
): Promise<void> {
  const { free, blockSize, largestFile } = await medium.space();
  const tooLarge = absent.find(({ size }) => size > (largestFile ?? Number.POSITIVE_INFINITY));
  if (tooLarge !== undefined && largestFile !== undefined) throw fileTooLarge(medium, tooLarge, largestFile);
  const block = Math.max(LEAST_BLOCK, blockSize);
  let needed = onDisk(names * NAME_BYTES, block);
  for (const size of releaseSizes(release)) needed += onDisk(size, block);
  for (const blob of absent) needed += onDisk(blob.size - (await medium.begun(blob)), block);
  if (needed > free) throw noSpace(medium, needed, free, absent.length);
}

/** Whole blocks, and one more for the name. */
function onDisk(size: number, block: number): number {
  return Math.ceil(size / block) * block + LEAST_BLOCK;
}

function releaseSizes(release: ReleaseFiles): number[] {
  const files = [release.manifest, release.packs, release.statement];
  return [...files, ...release.signatures.values(), ...release.approvals.values()].map(
    (file) => file?.byteLength ?? 0,
  );
}

function noSpace(medium: LooseMedium, needed: number, free: number, files: number): GapferryError {
  const missing = needed - free;
  return new GapferryError({
    code: 'NO_SPACE',
    message: `the release does not fit on ${medium.directory}: ${files} blobs not there yet need ${needed} bytes, ${free} are free, ${missing} are missing`,
    hint: 'nothing was written; use a larger medium, or free some space on this one',
    origin: 'medium',
    data: { path: medium.directory, needed, free, missing },
  });
}

function fileTooLarge(medium: LooseMedium, blob: SizedDigest, limit: number): GapferryError {
  return new GapferryError({
    code: 'NO_SPACE',
    message: `blob ${blob.digest} has ${blob.size} bytes, and the file system of ${medium.directory} holds no file over ${limit}`,
    hint: 'nothing was written; format the medium with exFAT or ext4 instead of FAT32',
    origin: 'medium',
    data: { path: medium.directory, digest: blob.digest, size: blob.size, limit },
  });
}
