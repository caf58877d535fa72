import { isGapferryError } from '@gapferry/core';
import { type PushPlace, pushScope } from './push-place.ts';

/** Deletes with a token for it: distribution wants the right to delete, also to cancel an upload. Token services that know of no such right (Quay) refuse the question as a whole: there the right to push is enough. */
export async function withRightToDelete<T>(
  place: Pick<PushPlace, 'path'>,
  remove: (scope: string) => Promise<T>,
): Promise<T> {
  try {
    return await remove(`${pushScope(place)},delete`);
  } catch (error) {
    if (!isGapferryError(error, 'PROTOCOL_VIOLATION') && !isGapferryError(error, 'UNAUTHORIZED')) throw error;
    return await remove(pushScope(place));
  }
}
