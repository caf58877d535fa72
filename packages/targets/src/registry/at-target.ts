import { type ErrorCode, GapferryError, isInterruption } from '@gapferry/core';

/** Asks a registry for an item: what fails names the item and the target, and counts as the target's side. */
export async function atTarget<T>(target: string, item: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof GapferryError) || isInterruption(error)) throw error;
    const isOurs = error.origin === undefined || error.origin === 'source';
    const message = named(error, target, item);
    const hint = error.hint ?? HINTS[error.code];
    if (message === error.message && !isOurs && hint === error.hint) throw error;
    throw new GapferryError({
      code: error.code,
      message,
      ...(hint !== undefined && { hint }),
      origin: isOurs ? 'target' : error.origin,
      retryable: error.retryable,
      ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
      data: { ...error.data, item, target },
      cause: error,
    });
  }
}

const HINTS: Partial<Record<ErrorCode, string>> = {
  TIMED_OUT:
    'run the same command again, it continues where it stopped; a target that is only slow is waited for longer with `patience` in site.yaml',
};

/** What went wrong between us and a host says which target it is: its address alone is in no operator's head. */
function named({ message, category }: GapferryError, target: string, item: string): string {
  if (!message.includes(item)) return `${item} at target ${target}: ${message}`;
  const says = message.includes(`target ${target}`);
  return says || category !== 'transport' ? message : `target ${target}: ${message}`;
}
