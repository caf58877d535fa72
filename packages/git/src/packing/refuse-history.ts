import { GapferryError, type GitPin, isGapferryError } from '@gapferry/core';

export const UNSAFE_HISTORY =
  'the history is damaged or unsafe upstream; leave out the refs that reach it, or have it repaired there';

/** What git says against objects is said against upstream: `CONTENT_INVALID`. */
export async function refuseHistory<T>(pin: GitPin, checking: () => Promise<T>): Promise<T> {
  try {
    return await checking();
  } catch (error) {
    if (!isGapferryError(error, 'GIT_FAILED')) throw error;
    throw new GapferryError({
      code: 'CONTENT_INVALID',
      origin: 'source',
      message: `${pin.url} has objects that are refused: ${error.message}`,
      hint: UNSAFE_HISTORY,
      cause: error,
    });
  }
}
