import { requireWhole, type TransferPlan } from '@gapferry/bundle';
import {
  type BlobReader,
  type Bytes,
  checkRun,
  inLanes,
  type ReleaseAddress,
  type ReleaseReader,
  type Run,
  type SizedDigest,
  totalSize,
} from '@gapferry/core';
import type { LooseMedium } from './loose-medium.ts';
import { readBack } from './read-back.ts';
import { requireSpace } from './require-space.ts';

export interface LooseExport {
  readonly plan: TransferPlan;
  /** The depot that the release was sealed in. */
  readonly from: BlobReader & ReleaseReader;
  readonly to: LooseMedium;
  /** Blobs written at the same time; 4 unless given. */
  readonly parallel?: number;
}

export interface LooseExportReport {
  readonly address: ReleaseAddress;
  readonly written: Amount;
  /** Blobs that the medium had already; they were read back with the others. */
  readonly reused: Amount;
  /** Every blob of the release was read back and hashed. False: some of it may have come from memory instead of the device, and plugging the medium in again
   *  and running `verify` on it is the proof. */
  readonly cacheBypassed: boolean;
  /** Names on the medium that are not the depot's; they were left alone. Untrusted text. */
  readonly foreign: readonly string[];
}

export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

/** Writes one release onto a medium in loose layout. Order: is everything here, does it fit, blobs, names, release last; then everything is read back. Run again after a break,
 *  it continues. Throws `BLOB_MISSING` and `NO_SPACE` before anything is written, `DIGEST_MISMATCH` when the medium does not give back what was written. */
export async function exportLoose(request: LooseExport, run: Run): Promise<LooseExportReport> {
  const { plan, from, to } = request;
  run.emit({ kind: 'stage', stage: 'export', items: plan.blobs.length, bytes: totalSize(plan.blobs) });
  const release = await from.readRelease(plan.address);
  requireWhole(plan.address, (await partition(from, plan.blobs, run)).absent);
  const { present, absent } = await partition(to, plan.blobs, run);
  await requireSpace(to, absent, plan.names.length, release);

  for (const blob of present) run.emit({ kind: 'bytes', item: blob.digest, bytes: blob.size, reused: true });
  await inLanes(absent, request.parallel ?? 4, (blob, each) => copyBlob(from, to, blob, each), run);
  await to.nameItems(plan.names, run);
  await to.writeRelease(plan.address, release, run);

  const cacheBypassed = await readBack(to, plan, release, run);
  return {
    address: plan.address,
    written: amountOf(absent),
    reused: amountOf(present),
    cacheBypassed,
    foreign: await to.foreignNames(),
  };
}

/** By presence and size. */
async function partition(
  reader: BlobReader,
  blobs: readonly SizedDigest[],
  run: Run,
): Promise<{ present: SizedDigest[]; absent: SizedDigest[] }> {
  const present: SizedDigest[] = [];
  const absent: SizedDigest[] = [];
  for (const blob of blobs) ((await reader.has(blob, run)) ? present : absent).push(blob);
  return { present, absent };
}

async function copyBlob(from: BlobReader, to: LooseMedium, blob: SizedDigest, run: Run): Promise<void> {
  const { reused } = await to.put(blob, (start) => bytesFrom(from, blob, start, run), run);
  if (reused) run.emit({ kind: 'bytes', item: blob.digest, bytes: blob.size, reused: true });
}

/** A reader only vouches for whole blobs: the beginning is read and dropped. */
async function* bytesFrom(from: BlobReader, blob: SizedDigest, start: number, run: Run): Bytes {
  let at = 0;
  for await (const chunk of from.open(blob, run)) {
    checkRun(run);
    const skip = Math.min(Math.max(start - at, 0), chunk.byteLength);
    at += chunk.byteLength;
    run.emit({
      kind: 'bytes',
      item: blob.digest,
      bytes: chunk.byteLength,
      ...(skip > 0 && { reused: true }),
    });
    if (skip < chunk.byteLength) yield chunk.subarray(skip);
  }
}

function amountOf(blobs: readonly SizedDigest[]): Amount {
  return { count: blobs.length, bytes: totalSize(blobs) };
}
