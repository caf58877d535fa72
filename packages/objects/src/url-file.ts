import {
  type BlobStore,
  type ByteSource,
  type Bytes,
  type Descriptor,
  isGapferryError,
  MEDIA_TYPES,
  type Run,
  type SizedDigest,
  type UrlFilePin,
} from '@gapferry/core';
import type { FileOrigin } from './file-origin.ts';
import type { FileLearner } from './learn-file.ts';

export interface UrlFileMeans {
  readonly learner: FileLearner;
  /** The most bytes that are read of a file whose size nobody names. */
  readonly limit: number;
}

/** Brings a file into a store: bytes that were read already to find out what it is are not asked for again. */
export async function fetchUrlFile(
  { learner, limit }: UrlFileMeans,
  pin: UrlFilePin,
  origin: FileOrigin,
  into: BlobStore,
  run: Run,
): Promise<Descriptor> {
  const { id: item, sha256 } = pin;
  const size = pin.size ?? (await origin.size(sha256, limit, run));
  run.emit({ kind: 'item-started', item, bytes: size });
  const told = (bytes: number): void => run.emit({ kind: 'bytes', item, bytes, reused: true });
  const blob = { digest: sha256, size };
  const stored =
    (await putKept(learner, blob, item, into, run)) ??
    (await into.put(blob, origin.source(size, told, run), run));
  if (stored.reused) told(size);
  run.emit({ kind: 'item-done', item, outcome: stored.reused ? 'reused' : 'done', bytes: size });
  return { mediaType: MEDIA_TYPES.octets, digest: sha256, size };
}

/** Undefined where nothing is kept, or something else than it should be: then it is asked for again. */
async function putKept(
  learner: FileLearner,
  blob: SizedDigest,
  item: string,
  into: BlobStore,
  run: Run,
): Promise<{ readonly reused: boolean } | undefined> {
  const file = { sha256: blob.digest, size: blob.size };
  const kept = await learner.kept(file);
  if (kept === undefined) return undefined;
  try {
    const stored = await into.put(blob, fromKept(kept, item, run), run);
    await learner.forget(file);
    return stored;
  } catch (error) {
    if (!isGapferryError(error) || error.category !== 'integrity') throw error;
    await learner.forget(file);
    return undefined;
  }
}

function fromKept(kept: (from: number, run: Run) => Bytes, item: string, run: Run): ByteSource {
  return async function* (from) {
    for await (const chunk of kept(from, run)) {
      yield chunk;
      run.emit({ kind: 'bytes', item, bytes: chunk.byteLength });
    }
  };
}
