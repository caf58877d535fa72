import { parentPort } from 'node:worker_threads';
import { type HashJob, type HashResult, hashFile } from './hash-file.ts';

/** To the worker: files to hash, one after another. */
export type HashRequest = ReadonlyArray<HashJob & { readonly id: number }>;

/** From the worker: how far it is, each result, and that it wants more. */
export type HashAnswer =
  | { readonly kind: 'bytes'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'result'; readonly id: number; readonly result: HashResult }
  | { readonly kind: 'idle' };

/** Bytes between two words of progress. */
const PROGRESS = 16 << 20;

parentPort?.on('message', (jobs: HashRequest) => {
  for (const { id, ...job } of jobs) {
    let untold = 0;
    const result = hashFile(job, (bytes) => {
      untold += bytes;
      if (untold < PROGRESS) return;
      tell({ kind: 'bytes', id, bytes: untold });
      untold = 0;
    });
    if (untold > 0) tell({ kind: 'bytes', id, bytes: untold });
    tell({ kind: 'result', id, result });
  }
  tell({ kind: 'idle' });
});

function tell(answer: HashAnswer): void {
  parentPort?.postMessage(answer);
}
