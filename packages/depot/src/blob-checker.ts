import {
  type BlobFinding,
  type BlobFindings,
  type Digest,
  type Run,
  type SizedDigest,
  uniqueByDigest,
} from '@gapferry/core';
import type { DepotPlace } from './depot-place.ts';
import type { HashResult } from './hash-file.ts';
import { hashFiles } from './hash-pool.ts';
import { blobPath } from './layout.ts';
import { gone, requirePresent } from './medium-gone.ts';
import { isGone } from './storage-error.ts';

export interface CheckOptions {
  /** Read past the page cache (O_DIRECT), so that what is hashed is what the medium holds and not what the kernel remembers. */
  readonly direct?: boolean;
}

export interface DepotFindings extends BlobFindings {
  /** True when every good blob came from the device itself. False after a fall-back: the file system knows no O_DIRECT, and some bytes may have come from memory;
   *  then only unplugging the medium and checking it again proves what it holds. */
  readonly cacheBypassed: boolean;
}

/** Hashes blobs where they lie, on all cores, in the order given or backwards (`toRequests`); memory does not depend on their sizes. Reads the real file system, not the depot's `FileSystem`: workers cannot share one.
 *  Progress: `bytes` events with the digest as item. Throws `STORAGE_FAILED` when the place itself is gone. */
export async function checkBlobs(
  place: DepotPlace,
  blobs: readonly SizedDigest[],
  run: Run,
  options: CheckOptions = {},
): Promise<DepotFindings> {
  const wanted = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()];
  const direct = options.direct ?? false;
  const good = new Set<Digest>();
  const bad: BlobFinding[] = [];
  let cacheBypassed = direct;
  const jobs = wanted.map(({ digest, size }) => ({ path: blobPath(place.directory, digest), size, direct }));
  const listener = {
    bytes: (index: number, bytes: number) => run.emit({ kind: 'bytes', item: itemOf(wanted[index]), bytes }),
    result: (index: number, result: HashResult) => {
      const blob = wanted[index];
      if (blob === undefined) return;
      const finding = judge(blob, result);
      if (finding === undefined) good.add(blob.digest);
      else bad.push(finding);
      if (result.state === 'read' && !result.direct) cacheBypassed = false;
      if (result.state === 'unreadable' && isGone(result.errno)) throw gone(place, result.detail);
    },
  };
  await requirePresent(place);
  await hashFiles(jobs, listener, run);
  if (bad.length > 0) await requirePresent(place);
  return { good, bad: uniqueByDigest(bad), cacheBypassed };
}

function judge(blob: SizedDigest, result: HashResult): BlobFinding | undefined {
  switch (result.state) {
    case 'read':
      if (`sha256:${result.hex}` === blob.digest) return undefined;
      return { ...toSized(blob), state: 'damaged', detail: `has sha256:${result.hex} instead` };
    case 'wrong-size':
      return {
        ...toSized(blob),
        state: 'damaged',
        detail: `has ${result.size} bytes instead of ${blob.size}`,
      };
    case 'missing':
      return { ...toSized(blob), state: 'missing', detail: 'is not there' };
    case 'unreadable':
      return { ...toSized(blob), state: 'unreadable', detail: result.detail };
  }
}

function toSized({ digest, size }: SizedDigest): SizedDigest {
  return { digest, size };
}

function itemOf(blob: SizedDigest | undefined): string {
  return blob?.digest ?? '';
}
