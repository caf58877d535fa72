import type { Run } from '@gapferry/core';

/** Does all of it at once; the caller's `work` keeps to limits. The first failure stops the others through the run they are given; when all have ended, it is thrown. */
export async function together<T, R>(
  list: readonly T[],
  run: Run,
  work: (entry: T, run: Run) => Promise<R>,
): Promise<R[]> {
  const stop = new AbortController();
  const inner: Run = { signal: AbortSignal.any([run.signal, stop.signal]), emit: (event) => run.emit(event) };
  let first: { readonly error: unknown } | undefined;
  const attempt = async (entry: T): Promise<R> => {
    try {
      return await work(entry, inner);
    } catch (error) {
      first ??= { error };
      stop.abort();
      throw error;
    }
  };
  const results = await Promise.allSettled(list.map(attempt));
  if (first) throw first.error;
  return results.map((result) => (result as PromiseFulfilledResult<R>).value);
}
