import {
  type BlobStore,
  type ByteSource,
  type Bytes,
  type Descriptor,
  MEDIA_TYPES,
  type Run,
  type UrlFilePin,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { learnFileSize } from './file-size.ts';
import type { FileLearner } from './learn-file.ts';
import { wideSource } from './wide-source.ts';

export interface UrlFileMeans {
  readonly http: HttpClient;
  readonly learner: FileLearner;
  /** The most bytes that are read of a file whose server names no length. */
  readonly limit: number;
}

/** Brings a file from its URL into a store: bytes that were read already to find out what it is are not asked for again. */
export async function fetchUrlFile(
  means: UrlFileMeans,
  pin: UrlFilePin,
  into: BlobStore,
  run: Run,
): Promise<Descriptor> {
  const { id: item, url, sha256 } = pin;
  const size = pin.size ?? (await learnFileSize(means.http, { url, sha256, item }, means.limit, run));
  run.emit({ kind: 'item-started', item, bytes: size });
  const told = (bytes: number): void => run.emit({ kind: 'bytes', item, bytes, reused: true });
  const kept = await means.learner.kept(url, { sha256, size });
  const bytes =
    kept === undefined ? wideSource(means.http, { url, item, size }, told, run) : fromKept(kept, item, run);
  const { reused } = await into.put({ digest: sha256, size }, bytes, run);
  if (reused) told(size);
  if (kept !== undefined) await means.learner.forget(url);
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
