import { setTimeout as sleep } from 'node:timers/promises';
import { checkRun, isGapferryError, type Run } from '@gapferry/core';

export interface RetryOptions {
  /** How often a trip is made in all; default 4. After silences, each of which takes as long as it is borne, twice. */
  readonly attempts?: number;
  /** How to wait between tries; for tests. Rejects when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const MOST_SILENCES = 2;

/** Makes a trip again after a failure that says it may succeed later: 1, 2, 4 … seconds apart. Everything else is thrown at once. */
export async function retryTrips<T>(
  item: string,
  place: string,
  options: RetryOptions,
  run: Run,
  trip: () => Promise<T>,
): Promise<T> {
  const { attempts = 4, wait = waitFor } = options;
  let silences = 0;
  for (let attempt = 1; ; attempt++) {
    try {
      return await trip();
    } catch (error) {
      if (!isGapferryError(error) || !error.retryable || attempt >= attempts) throw error;
      if (error.code === 'TIMED_OUT') silences += 1;
      if (silences >= MOST_SILENCES) throw error;
      const waitMs = 1000 * 2 ** (attempt - 1);
      run.emit({ kind: 'retry', item, place, attempt: attempt + 1, waitMs, reason: error.message });
      await wait(waitMs, run.signal).catch(() => {});
      checkRun(run);
    }
  }
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
