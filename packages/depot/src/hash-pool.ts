import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { checkRun, GapferryError, type Run } from '@gapferry/core';
import type { HashJob, HashResult } from './hash-file.ts';
import { feedOf, toRequests } from './hash-order.ts';
import type { HashAnswer } from './hash-worker.ts';

/** The worker's file lies beside this one, as source under Node's type stripping or compiled. */
const WORKER: URL = new URL(
  `./hash-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`,
  import.meta.url,
);

export interface HashListener {
  bytes(index: number, bytes: number): void;
  result(index: number, result: HashResult): void;
}

/** Hashes files with one worker per core, in the order in which they will be read again (`toRequests`). Results come in any order, `index` is the position in `jobs`; what the listener throws ends it.
 *  Stops at once with `INTERRUPTED` when the run is stopped: it does not wait for a read that hangs. */
export async function hashFiles(jobs: readonly HashJob[], listener: HashListener, run: Run): Promise<void> {
  checkRun(run);
  const requests = toRequests(jobs, process.availableMemory());
  if (requests.length === 0) return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const count = Math.min(requests.length, availableParallelism());
  const workers = Array.from({ length: count }, () => startWorker(WORKER));
  const stop = (): void => reject(stopped());
  run.signal.addEventListener('abort', stop, { once: true });
  const next = feedOf(requests, count);
  let busy = count;
  const feed = (worker: Worker): void => {
    const request = next();
    if (request !== undefined) worker.postMessage(request);
    else if (--busy === 0) resolve();
  };
  for (const worker of workers) {
    worker.on('message', (answer: HashAnswer) => {
      try {
        if (answer.kind === 'bytes') return listener.bytes(answer.id, answer.bytes);
        for (const { id, bytes, result } of answer.results) {
          if (bytes > 0) listener.bytes(id, bytes);
          listener.result(id, result);
        }
        feed(worker);
      } catch (error) {
        reject(error);
      }
    });
    worker.on('error', (cause) => reject(workerFailed(cause)));
    feed(worker);
  }
  try {
    await promise;
  } finally {
    run.signal.removeEventListener('abort', stop);
    for (const worker of workers) void worker.terminate();
  }
}

/** Nothing of this process's flags, environment or input reaches a worker: it reads files and hashes. */
function startWorker(file: URL): Worker {
  return new Worker(file, { execArgv: [], env: {}, stdin: false });
}

function stopped(): GapferryError {
  return new GapferryError({
    code: 'INTERRUPTED',
    message: 'stopped on request',
    hint: 'run the same command again',
  });
}

function workerFailed(cause: unknown): GapferryError {
  return new GapferryError({ code: 'INTERNAL', message: 'a hashing worker failed', cause });
}
