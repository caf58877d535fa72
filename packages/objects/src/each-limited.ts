import { checkRun, type Run } from '@gapferry/core';
import pLimit from 'p-limit';

/** Does one thing for each, at most `atOnce` at a time; results in their order. After the first failure nothing new begins, what runs is stopped, and the failure is thrown when all have ended. */
export async function eachLimited<S, R>(
  subjects: readonly S[],
  atOnce: number,
  run: Run,
  act: (subject: S, run: Run) => Promise<R>,
): Promise<R[]> {
  const stop = new AbortController();
  const inner: Run = { signal: AbortSignal.any([run.signal, stop.signal]), emit: (event) => run.emit(event) };
  const limit = pLimit(atOnce);
  let first: { readonly error: unknown } | undefined;
  const attempt = async (subject: S): Promise<R[]> => {
    if (inner.signal.aborted) return [];
    try {
      return [await act(subject, inner)];
    } catch (error) {
      first ??= { error };
      stop.abort();
      return [];
    }
  };
  const results = await Promise.all(subjects.map((subject) => limit(() => attempt(subject))));
  if (first !== undefined) throw first.error;
  checkRun(run);
  return results.flat();
}
