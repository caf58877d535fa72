import { createHash } from 'node:crypto';
import { blobsInContent, type PlanStep } from '@gapferry/bundle';
import {
  type BlobReader,
  type Bytes,
  checkRun,
  type Digest,
  GapferryError,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import { Share, type ShareLimits } from './share.ts';

/** Reads each of the blobs `often` once for all who want it at the same time: whoever asks while the beginning is still kept reads along. The slowest sets the pace, as long as it goes on at all: who stands still for
 *  `patience` ms while others wait reads by itself from then on, so nobody ever waits for nobody. What fails for one reader does not touch the others; what fails on the medium fails for all of them.
 *  `window`: bytes kept of a blob. Other blobs are read as always. */
export function sharedReads(
  medium: BlobReader,
  often: ReadonlySet<Digest>,
  { window = 4 << 20, patience = 1000 }: Partial<ShareLimits> = {},
): BlobReader {
  const shares = new Map<Digest, Share>();
  const shareOf = (blob: SizedDigest): Share => {
    const there = shares.get(blob.digest);
    if (there?.isJoinable === true) return there;
    const begun = new Share((run) => medium.open(blob, run), { window, patience });
    shares.set(blob.digest, begun);
    return begun;
  };
  return {
    has: (blob, run) => medium.has(blob, run),
    open: (blob, run) =>
      often.has(blob.digest) ? readAlong(() => shareOf(blob), medium, blob, run) : medium.open(blob, run),
  };
}

/** Digests of the blobs that steps of a plan send to more than one target. */
export function wantedOften(steps: readonly PlanStep[]): ReadonlySet<Digest> {
  const wanted = new Map<Digest, string>();
  const often = new Set<Digest>();
  for (const { contentAction, content, target } of steps) {
    if (contentAction !== 'send' || content === undefined) continue;
    for (const { digest } of blobsInContent(content)) {
      if ((wanted.get(digest) ?? target) !== target) often.add(digest);
      wanted.set(digest, target);
    }
  }
  return often;
}

async function* readAlong(find: () => Share, medium: BlobReader, blob: SizedDigest, run: Run): Bytes {
  checkRun(run);
  const share = find();
  const reader = share.join();
  let taken = 0;
  try {
    for (;;) {
      const chunk = await share.next(reader);
      checkRun(run);
      if (chunk === undefined) break;
      taken += chunk.byteLength;
      yield chunk;
    }
  } finally {
    await share.leave(reader);
  }
  const { cut } = reader;
  if (cut !== undefined) yield* withoutFirst(medium.open(blob, run), taken, cut, blob);
}

/** A reader of blobs cannot seek: the beginning is read and hashed again, and dropped. A medium may answer differently the second time: what was taken of the first reading, which nobody saw the end of, must be what this one begins with.
 *  Throws `DIGEST_MISMATCH`. */
async function* withoutFirst(bytes: Bytes, count: number, sha256: string, blob: SizedDigest): Bytes {
  const front = createHash('sha256');
  let skip = count;
  for await (const chunk of bytes) {
    if (skip > 0) {
      front.update(chunk.subarray(0, skip));
      if (skip <= chunk.byteLength && front.digest('hex') !== sha256) throw changed(blob);
    }
    if (skip < chunk.byteLength) yield chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.byteLength);
  }
}

function changed({ digest, size }: SizedDigest): GapferryError {
  return new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `blob ${digest} was read twice and was not the same both times`,
    hint: 'the medium answers differently, or somebody writes to it: take another copy',
    origin: 'medium',
    data: { digest, size },
  });
}
