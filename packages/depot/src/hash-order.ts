import type { HashJob } from './hash-file.ts';
import type { HashRequest } from './hash-worker.ts';

/** Files below this size travel together, so that a hundred thousand small ones cost no message each. */
const BATCH_BYTES = 8 << 20;
const BATCH_FILES = 256;
/** Of the memory that is free: what lies on a medium beyond that does not stay in the page cache until it is read again. */
const SHARE_OF_MEMORY = 0.75;

/** Turns jobs, given in the order in which their files will be read again, into requests in the order in which they are hashed. The same, where all of it stays in memory; backwards where it does not: what is hashed last is what the
 *  page cache still has when the second reading begins (the same order twice over more than fits finds nothing of it). `available`: bytes of free memory. `id` of a request's file is its position in `jobs`. */
export function toRequests(jobs: readonly HashJob[], available: number): HashRequest[] {
  const total = jobs.reduce((sum, { size }) => sum + size, 0);
  const numbered = jobs.map((job, id) => ({ ...job, id }));
  if (total > available * SHARE_OF_MEMORY) numbered.reverse();
  const requests: HashRequest[] = [];
  let batch: Array<(typeof numbered)[number]> = [];
  let bytes = 0;
  const close = (): void => {
    if (batch.length > 0) requests.push(batch);
    batch = [];
    bytes = 0;
  };
  for (const job of numbered) {
    if (job.size >= BATCH_BYTES) {
      requests.push([job]);
      continue;
    }
    if (bytes + job.size > BATCH_BYTES || batch.length === BATCH_FILES) close();
    batch.push(job);
    bytes += job.size;
  }
  close();
  return requests;
}

/** Gives out requests in their order, except that one which is as large as each worker's share of the rest goes first: otherwise one core would end alone with it. Undefined when there are no more. */
export function feedOf(requests: readonly HashRequest[], workers: number): () => HashRequest | undefined {
  const sizes = requests.map((request) => request.reduce((sum, { size }) => sum + size, 0));
  const bySize = [...requests.keys()].sort((a, b) => sizeAt(b) - sizeAt(a));
  const taken = new Set<number>();
  let left = sizes.reduce((sum, size) => sum + size, 0);
  let [next, largest] = [0, 0];
  function sizeAt(i: number | undefined): number {
    return i === undefined ? 0 : (sizes[i] ?? 0);
  }
  return () => {
    while (taken.has(next)) next += 1;
    while (taken.has(bySize[largest] ?? -1)) largest += 1;
    const mustBegin = sizeAt(bySize[largest]) * workers >= left;
    const chosen = mustBegin ? (bySize[largest] ?? next) : next;
    taken.add(chosen);
    left -= sizeAt(chosen);
    return requests[chosen];
  };
}
