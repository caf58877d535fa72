import type { Run } from '@gapferry/core';

/** As `allOrStop`, with so many under way at once: what waits for its turn takes no memory. Results in the order of the subjects. */
export async function inLanes<S, R>(
  subjects: readonly S[],
  lanes: number,
  act: (subject: S, run: Run) => Promise<R>,
  run: Run,
): Promise<R[]> {
  const stop = new AbortController();
  const inner: Run = { signal: AbortSignal.any([run.signal, stop.signal]), emit: (event) => run.emit(event) };
  const results: R[] = new Array(subjects.length);
  const waiting = subjects.entries();
  const work = async (): Promise<void> => {
    for (const [i, subject] of waiting) {
      if (stop.signal.aborted) return;
      results[i] = await act(subject, inner);
    }
  };
  const workers = Array.from({ length: Math.min(lanes, subjects.length) }, work);
  try {
    await Promise.all(workers);
    return results;
  } catch (error) {
    stop.abort();
    await Promise.allSettled(workers);
    throw error;
  }
}
