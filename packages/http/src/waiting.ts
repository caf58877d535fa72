import { setTimeout as sleep } from 'node:timers/promises';
import { checkRun, type Run } from '@gapferry/core';

/** Time as all waits of one client see it. */
export interface Waiting {
  /** Milliseconds; only differences mean anything. */
  now(): number;
  /** Rejects with `INTERRUPTED`. */
  wait(ms: number, run: Run): Promise<void>;
}

/** With `wait` given, what it was asked to wait counts as passed, however long it took. */
export function createWaiting(wait?: (ms: number, signal: AbortSignal) => Promise<void>): Waiting {
  let skipped = 0;
  return {
    now: () => performance.now() + skipped,
    async wait(ms, run) {
      checkRun(run);
      try {
        await (wait ?? sleepFor)(ms, run.signal);
      } catch (cause) {
        checkRun(run);
        throw cause;
      }
      if (wait !== undefined) skipped += ms;
    },
  };
}

async function sleepFor(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal });
}
