import type { PlanStep } from '@gapferry/bundle';
import { GapferryError, isInterruption } from '@gapferry/core';

/** Acts for one step of a plan; an error that does not say which item it is about is given the item and the target. */
export async function inStep<T>(step: PlanStep, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof GapferryError) || isInterruption(error)) throw error;
    throw error.message.includes(step.item) ? error : withStep(error, step);
  }
}

function withStep(error: GapferryError, { item, target }: PlanStep): GapferryError {
  return new GapferryError({
    code: error.code,
    message: `${item} at target ${target}: ${error.message}`,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(error.origin !== undefined && { origin: error.origin }),
    retryable: error.retryable,
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    data: { ...error.data, item, target },
    cause: error,
  });
}
