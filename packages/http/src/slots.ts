import type { Run } from '@gapferry/core';
import { checkRun } from '@gapferry/core';
import pLimit, { type LimitFunction } from 'p-limit';

/** Waits for one of a host's places; the answer gives it back. Rejects with `INTERRUPTED`. */
export type TakeSlot = (host: string, run: Run) => Promise<() => void>;

/** Limits the trips under way per host. Not left to the agent's queue: a trip that waits its turn there would look like a server that is silent. */
export function createSlots(perHost: number): TakeSlot {
  const limits = new Map<string, LimitFunction>();
  return (host, run) => {
    const limit = limits.get(host) ?? pLimit(perHost);
    limits.set(host, limit);
    return takeFrom(limit, run);
  };
}

function takeFrom(limit: LimitFunction, run: Run): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      try {
        checkRun(run);
      } catch (error) {
        reject(error);
      }
    };
    run.signal.addEventListener('abort', stop, { once: true });
    void limit(() => {
      run.signal.removeEventListener('abort', stop);
      if (run.signal.aborted) return stop();
      return new Promise<void>((done) => resolve(done));
    });
  });
}
