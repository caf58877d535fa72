import { checkRun, isGapferryError, isInterruption, type Run, type TargetFailure } from '@gapferry/core';

/** What keeps one target from being asked is told with what is found at the others. Throws what concerns all of them: a run that was stopped, a medium that cannot be read, a bug of ours. */
export function targetFailure(target: string, error: unknown, run: Run): TargetFailure {
  checkRun(run);
  if (!isGapferryError(error) || isInterruption(error) || error.category === 'internal') throw error;
  if (error.origin === 'medium' || error.origin === 'depot') throw error;
  return { target, error };
}
