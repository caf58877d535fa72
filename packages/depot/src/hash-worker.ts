import { parentPort } from 'node:worker_threads';
import { type HashJob, type HashResult, hashFile } from './hash-file.ts';

/** To the worker: files to hash, one after another. */
export type HashRequest = ReadonlyArray<HashJob & { readonly id: number }>;

/** From the worker: how far it is with a large file; at the end of a request all results at once, after which it wants more. */
export type HashAnswer =
  | { readonly kind: 'bytes'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'results'; readonly results: readonly HashedFile[] };

export interface HashedFile {
  readonly id: number;
  /** Bytes that were not told yet. */
  readonly bytes: number;
  readonly result: HashResult;
}

/** Bytes between two words of progress. */
const PROGRESS = 16 << 20;

parentPort?.on('message', (jobs: HashRequest) => {
  tell({ kind: 'results', results: jobs.map(hashOne) });
});

function hashOne({ id, ...job }: HashRequest[number]): HashedFile {
  let untold = 0;
  const result = hashFile(job, (bytes) => {
    untold += bytes;
    if (untold < PROGRESS) return;
    tell({ kind: 'bytes', id, bytes: untold });
    untold = 0;
  });
  return { id, bytes: untold, result };
}

function tell(answer: HashAnswer): void {
  parentPort?.postMessage(answer);
}
