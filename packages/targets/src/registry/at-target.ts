import { GapferryError, isInterruption } from '@gapferry/core';

/** Asks a registry for an item: what fails names the item and the target, and counts as the target's side. */
export async function atTarget<T>(target: string, item: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof GapferryError) || isInterruption(error)) throw error;
    const isOurs = error.origin === undefined || error.origin === 'source';
    if (error.message.includes(item) && !isOurs) throw error;
    throw new GapferryError({
      code: error.code,
      message: error.message.includes(item) ? error.message : `${item} at target ${target}: ${error.message}`,
      ...(error.hint !== undefined && { hint: error.hint }),
      origin: isOurs ? 'target' : error.origin,
      retryable: error.retryable,
      ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
      data: { ...error.data, item, target },
      cause: error,
    });
  }
}
