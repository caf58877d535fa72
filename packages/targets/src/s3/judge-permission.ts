import { isGapferryError, type Permission, type PermissionNeed } from '@gapferry/core';
import { isUnanswered } from './is-unanswered.ts';
import { lacking, unknown } from './permission-needs.ts';
import type { S3Place } from './s3-place.ts';

/** An upload that no store has: what is asked of it is judged by the permissions first, and comes to nothing then. */
export const NO_UPLOAD = 'no-such-upload';

/** What an answer says: it came, it was a refusal, or the store does not do such things. What else goes wrong is thrown. */
export async function judge(
  place: S3Place,
  need: PermissionNeed,
  state: 'proven' | 'probed',
  ask: () => Promise<unknown>,
): Promise<Permission> {
  const { action, on } = need;
  try {
    await ask();
    return { action, on, state };
  } catch (error) {
    if (isGapferryError(error, 'FORBIDDEN')) return lacking(need, place);
    if (isUnanswered(error))
      return unknown(need, `the store does not answer what would show it: ${error.message}`);
    throw error;
  }
}
