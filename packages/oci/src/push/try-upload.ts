import { checkRun, digestOf, isGapferryError, isInterruption, type Run } from '@gapferry/core';
import type { Tries } from '@gapferry/http';
import { tidyingRun } from './ending-run.ts';
import type { PushPlace } from './push-place.ts';
import { beginUpload, cancelUpload, type Upload, type UploadSession } from './upload-session.ts';

/** Begins an upload and cancels it at once: whoever may do that may push (distribution-spec, pushing blobs). `kept`: the registry lets nobody cancel what was begun, as those do that count it as deleting, or has trouble with it;
 *  the empty upload is swept by the registry itself. Each of the two is tried again after failed trips. Throws what beginning a push throws, with `data.status`. */
export async function tryUpload(
  place: PushPlace,
  triesFor: () => Tries,
  run: Run,
): Promise<'cancelled' | 'kept'> {
  const blob = { digest: digestOf(new Uint8Array()), size: 0 };
  const upload: Upload = { place, blob, item: 'an upload on trial' };
  const session = await begin(upload, triesFor(), run);
  const state = session === 'mounted' ? 'cancelled' : await cancel(upload, session, triesFor(), run);
  checkRun(run);
  return state;
}

async function begin(upload: Upload, tries: Tries, run: Run): Promise<UploadSession | 'mounted'> {
  for (;;) {
    try {
      return await beginUpload(upload, undefined, run);
    } catch (error) {
      await tries.failed(error, run);
    }
  }
}

/** Also where the run was stopped meanwhile: nothing is to stay. That it was begun is what counts: what becomes of cancelling it is no reason to begin another. */
async function cancel(
  upload: Upload,
  session: UploadSession,
  tries: Tries,
  run: Run,
): Promise<'cancelled' | 'kept'> {
  for (;;) {
    try {
      await cancelUpload(upload, session, tidyingRun());
      return 'cancelled';
    } catch (error) {
      if (!isGapferryError(error)) throw error;
      // Its own time is over, and not that of the run.
      if (isInterruption(error) || run.signal.aborted) return 'kept';
      const isOver = await tries.failed(error, run).then(
        () => false,
        () => true,
      );
      if (isOver) return 'kept';
    }
  }
}
