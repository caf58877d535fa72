import type { Run } from '@gapferry/core';

/** Milliseconds that a request under way may still take when the run is stopped. */
const GRACE_MS = 10_000;

/** Does work whose requests are better brought to their end: when the run is stopped, theirs goes on for a while. The work itself asks `run` between them.
 *  A registry may forget an upload whose chunk is cut in the middle. */
export async function endingWell<T>(run: Run, work: (ending: Run) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const later = (): void => {
    timer ??= setTimeout(() => stop.abort(), GRACE_MS);
  };
  if (run.signal.aborted) later();
  run.signal.addEventListener('abort', later, { once: true });
  try {
    return await work({ signal: stop.signal, emit: (event) => run.emit(event) });
  } finally {
    run.signal.removeEventListener('abort', later);
    clearTimeout(timer);
  }
}

/** For what is tidied up after a failure, also of a run that was stopped: told to nobody. */
export function tidyingRun(): Run {
  return { signal: AbortSignal.timeout(GRACE_MS), emit: () => {} };
}
