import { digestOf, isGapferryError, isInterruption, type Run } from '@gapferry/core';
import type { Tries } from '@gapferry/http';
import { tidyingRun } from './ending-run.ts';
import type { PushPlace } from './push-place.ts';
import { beginUpload, cancelUpload, type Upload } from './upload-session.ts';

/** Begins an upload and cancels it at once: whoever may do that may push (distribution-spec, pushing blobs). `kept`: the registry lets nobody cancel what was begun, as those do that count it as deleting; the empty
 *  upload is swept by the registry itself. Tried again after failed trips. Throws what beginning a push throws, with `data.status`. */
export async function tryUpload(place: PushPlace, tries: Tries, run: Run): Promise<'cancelled' | 'kept'> {
  for (;;) {
    try {
      return await tryOnce(place, run);
    } catch (error) {
      await tries.failed(error, run);
    }
  }
}

async function tryOnce(place: PushPlace, run: Run): Promise<'cancelled' | 'kept'> {
  const blob = { digest: digestOf(new Uint8Array()), size: 0 };
  const upload: Upload = { place, blob, item: 'an upload on trial' };
  const session = await beginUpload(upload, undefined, run);
  if (session === 'mounted') return 'cancelled';
  try {
    // Also where the run was stopped meanwhile: nothing is to stay.
    await cancelUpload(upload, session, tidyingRun());
    return 'cancelled';
  } catch (error) {
    if (!isGapferryError(error) || isInterruption(error) || error.retryable) throw error;
    return 'kept';
  }
}
