import { checkRun, inLanes, isGapferryError, type Run } from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { tidyingRun } from './ending-run.ts';
import { pushPlace } from './push-place.ts';
import type { UploadJournal } from './upload-journal.ts';
import { cancelUpload } from './upload-session.ts';

const LANES = 4;
/** Until then an import that broke, of another channel as well, may go on with it. */
const STALE_MS = 2 * 86_400_000;

/** Cancels every upload that is remembered and that nobody went on with for two days, and forgets it: for when all that was wanted is there. What cannot be cancelled now is kept for another time, and forgotten where it
 *  never can; all of it takes a few seconds at most, because the names wait for it. Only fails when the run is stopped. */
export async function abandonUploads(http: HttpClient, journal: UploadJournal, run: Run): Promise<void> {
  const before = Date.now() - STALE_MS;
  const stale = (await journal.list()).filter(({ writtenAt }) => writtenAt.getTime() < before);
  const tidying = tidyingRun();
  await inLanes(
    stale,
    LANES,
    async ({ repository, digest, writtenAt: _, ...session }) => {
      try {
        checkRun(tidying);
        const place = await pushPlace(http, repository, tidying);
        const upload = {
          place,
          blob: { digest, size: 0 },
          item: `an upload to ${repository} that nobody needs`,
        };
        await cancelUpload(upload, session, tidying);
      } catch (error) {
        if (!isGapferryError(error) || error.retryable || error.code === 'INTERRUPTED') return;
      }
      await journal.remove({ repository, digest }).catch(() => undefined);
    },
    run,
  );
}
