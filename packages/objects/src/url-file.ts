import {
  type BlobStore,
  type ByteSource,
  type Bytes,
  type Descriptor,
  MEDIA_TYPES,
  type Run,
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
  const kept = await learner.kept({ sha256, size });
  const bytes = kept === undefined ? origin.source(size, told, run) : fromKept(kept, item, run);
  const { reused } = await into.put({ digest: sha256, size }, bytes, run);
  if (reused) told(size);
  if (kept !== undefined) await learner.forget({ sha256, size });
  run.emit({ kind: 'item-done', item, outcome: reused ? 'reused' : 'done', bytes: size });
  return { mediaType: MEDIA_TYPES.octets, digest: sha256, size };
}

function fromKept(kept: (from: number, run: Run) => Bytes, item: string, run: Run): ByteSource {
  return async function* (from) {
    for await (const chunk of kept(from, run)) {
      yield chunk;
      run.emit({ kind: 'bytes', item, bytes: chunk.byteLength });
    }
  };
}
