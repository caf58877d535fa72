import { checkRun, type Run } from './run.ts';

/** Does one thing for each of the subjects, in at most so many lanes at a time; results in their order. What waits for its turn takes no memory. The first failure stops the others through
 *  their run, and is thrown when they have ended: nothing goes on behind the caller's back. Throws `INTERRUPTED` when the run itself was stopped. */
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
  let first: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (const [i, subject] of waiting) {
      if (inner.signal.aborted) return;
      try {
        results[i] = await act(subject, inner);
      } catch (error) {
        first ??= { error };
        stop.abort();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(Math.max(1, lanes), subjects.length) }, work));
  checkRun(run);
  if (first !== undefined) throw first.error;
  return results;
}
