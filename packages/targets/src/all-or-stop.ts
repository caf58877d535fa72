import type { Run } from '@gapferry/core';

/** Starts all at once. The first failure stops the others, and nothing goes on behind the caller's back. */
export async function allOrStop<S, R>(
  subjects: readonly S[],
  act: (subject: S, run: Run) => Promise<R>,
  run: Run,
): Promise<R[]> {
  const stop = new AbortController();
  const inner: Run = { signal: AbortSignal.any([run.signal, stop.signal]), emit: (event) => run.emit(event) };
  const tasks = subjects.map((subject) => act(subject, inner));
  try {
    return await Promise.all(tasks);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(tasks);
    throw error;
  }
}
