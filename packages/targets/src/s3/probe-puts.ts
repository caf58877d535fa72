import { createHash } from 'node:crypto';
import { isGapferryError, type Permission, type Run } from '@gapferry/core';
import { isUnanswered } from './is-unanswered.ts';
import { judge, NO_UPLOAD } from './judge-permission.ts';
import { type BucketNeeds, type PutExtra, type PutNeeds, unknown } from './permission-needs.ts';
import { keptAlways, type S3Place } from './s3-place.ts';
import { forgetUpload, rememberUpload, takeAway } from './upload-journal.ts';

/** A part for an upload that no store has shows whether objects may be put: it is refused either way, and why tells. What is said with an object (tags, locks) is only judged where an upload is begun:
 *  one is, and aborted, by those who may abort. */
export async function tryPuts(
  place: S3Place,
  { put: all }: BucketNeeds,
  abort: Permission,
  run: Run,
): Promise<readonly Permission[]> {
  const found: Permission[] = [];
  for (const needs of all) {
    const put = await judge(place, needs.put, 'probed', () => tryPart(place, needs.key, run));
    found.push(put, ...(await tryExtras(place, needs, put, abort, run)));
  }
  return found;
}

/** Takes away what a killed process tried. */
export async function clearTrials({ journal, store }: S3Place, run: Run): Promise<void> {
  for (const pending of await journal.read()) {
    if (pending.digest !== undefined) continue;
    const gone = takeAway(store, pending, run).then(() => forgetUpload({ journal }, pending.key));
    // Who may abort it later does.
    await gone.catch((error: unknown) => {
      if (!isGapferryError(error, 'FORBIDDEN')) throw error;
    });
  }
}

const BYTE = Buffer.of(0);
const PART = {
  number: 1,
  bytes: BYTE,
  sha256: createHash('sha256').update(BYTE).digest('base64'),
} as const;

async function tryPart({ store }: S3Place, key: string, run: Run): Promise<void> {
  const at = { key, item: 'a part of an upload that is not there' };
  await store.putPart(at, NO_UPLOAD, PART, run).catch((error: unknown) => {
    if (!isGapferryError(error, 'SOURCE_NOT_FOUND')) throw error;
  });
}

async function tryExtras(
  place: S3Place,
  { key, extras }: PutNeeds,
  put: Permission,
  abort: Permission,
  run: Run,
): Promise<readonly Permission[]> {
  const [first] = extras;
  if (first === undefined) return [];
  const without = [put, abort].find(({ state }) => state !== 'probed');
  if (without !== undefined)
    return extras.map((need) => unknown(need, `it cannot be tried without ${without.action}`));
  const together = await judge(place, first, 'probed', () => beginAndAbort(place, key, extras, run));
  if (together.state !== 'lacking' || extras.length === 1)
    return extras.map(({ action, on }) => ({ ...together, action, on }));
  const each: Permission[] = [];
  for (const extra of extras)
    each.push(await judge(place, extra, 'probed', () => beginAndAbort(place, key, [extra], run)));
  return each;
}

/** Begins an upload as objects would be put, and aborts it. The journal knows of it before the store does: what a killed process leaves is found by its key. */
async function beginAndAbort(
  place: S3Place,
  key: string,
  extras: readonly PutExtra[],
  run: Run,
): Promise<void> {
  const { store, journal } = place;
  const at = { key, item: 'an upload that is aborted at once' };
  const all = keptAlways(place);
  const said = Object.fromEntries(extras.map(({ of }) => [of, all[of]]));
  await rememberUpload(place, { key }, run);
  const upload = await store.begin(at, said, run).catch(async (error: unknown) => {
    // Only an answer says that nothing was begun.
    if (isGapferryError(error, 'FORBIDDEN') || isUnanswered(error)) await forgetUpload({ journal }, key);
    throw error;
  });
  await rememberUpload(place, { key, upload }, run);
  await store.abort(at, upload, run);
  await forgetUpload({ journal }, key);
}
