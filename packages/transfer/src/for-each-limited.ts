import { checkRun, type Run } from '@gapferry/core';
import pLimit from 'p-limit';

/** Runs `work` for every item, at most `parallel` at a time. After the first failure nothing new begins, what runs is stopped through its run, and the failure is thrown when all have ended. */
export async function forEachLimited<T>(
  items: readonly T[],
  parallel: number,
  run: Run,
  work: (item: T, run: Run) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  const each: Run = {
    signal: AbortSignal.any([run.signal, failure.signal]),
    emit: (event) => run.emit(event),
  };
  let first: { readonly error: unknown } | undefined;
  const limit = pLimit(parallel);
  const guarded = async (item: T): Promise<void> => {
    if (each.signal.aborted) return;
    try {
      await work(item, each);
    } catch (error) {
      first ??= { error };
      failure.abort();
    }
  };
  await Promise.all(items.map((item) => limit(() => guarded(item))));
  if (first !== undefined) throw first.error;
  checkRun(run);
}
