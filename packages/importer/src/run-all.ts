import { checkRun, isInterruption, type Run } from '@gapferry/core';
import pLimit from 'p-limit';

/** Does one thing for each of `subjects`, at most `concurrency` at a time; results in their order. The first failure stops the others, waits until they have stopped,
 *  and is thrown: nothing goes on behind the back of whoever called. */
export async function runAll<S, R>(
  subjects: readonly S[],
  act: (subject: S, run: Run) => Promise<R>,
  concurrency: number,
  run: Run,
): Promise<R[]> {
  const stop = new AbortController();
  const inner: Run = {
    signal: AbortSignal.any([run.signal, stop.signal]),
    emit: (event) => run.emit(event),
  };
  const limit = pLimit(Math.max(1, concurrency));
  const failures: unknown[] = [];
  const settled = await Promise.allSettled(
    subjects.map((subject) =>
      limit(async () => {
        try {
          checkRun(inner);
          return await act(subject, inner);
        } catch (error) {
          failures.push(error);
          stop.abort();
          throw error;
        }
      }),
    ),
  );
  checkRun(run);
  if (failures.length > 0) throw failures.find((error) => !isInterruption(error)) ?? failures[0];
  return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
