import { checkRun, GapferryError, isGapferryError, type Run } from '@gapferry/core';
import { LONGEST_WAIT } from './refusal.ts';
import type { Waiting } from './waiting.ts';

export const MOST_TRIES = 4;
/** Each takes as long as it is borne. */
const MOST_SILENCES = 2;
const FIRST_WAIT_MS = 500;

export interface TryOptions {
  readonly waiting: Waiting;
  readonly random: () => number;
}

/** Counts the failed tries of one question and waits between them. */
export interface Tries {
  /** Waits and returns when another try may help; throws otherwise. */
  failed(error: unknown, run: Run): Promise<void>;
  /** Enough came through that the next failure is a new one. */
  progressed(): void;
}

export function createTries(item: string, place: string, options: TryOptions): Tries {
  let [failures, silences] = [0, 0];
  return {
    async failed(error, run) {
      checkRun(run);
      if (!isGapferryError(error) || !error.retryable || (error.retryAfter ?? 0) > LONGEST_WAIT) throw error;
      if (error.data['unasked'] === true) throw error;
      failures += 1;
      if (error.code === 'TIMED_OUT') silences += 1;
      if (failures >= MOST_TRIES || silences >= MOST_SILENCES) throw afterTries(error, failures);
      const waitMs = waitBefore(failures, error.retryAfter, options.random);
      run.emit({ kind: 'retry', item, place, attempt: failures + 1, waitMs, reason: error.message });
      await options.waiting.wait(waitMs, run);
    },
    progressed() {
      [failures, silences] = [0, 0];
    },
  };
}

/** Half of the wait is fixed, half is random, so that many who failed together do not come back together. What the server asks for is the least. */
function waitBefore(failures: number, retryAfter: number | undefined, random: () => number): number {
  const base = FIRST_WAIT_MS * 4 ** (failures - 1);
  return Math.round((retryAfter ?? 0) * 1000 + base / 2 + (base / 2) * random());
}

function afterTries(error: GapferryError, tries: number): GapferryError {
  return new GapferryError({
    code: error.code,
    message: `${error.message} (tried ${tries} times)`,
    ...(error.hint && { hint: error.hint }),
    ...(error.origin && { origin: error.origin }),
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    retryable: true,
    data: { ...error.data, tries },
  });
}
