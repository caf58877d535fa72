import { GapferryError, inLanes, type LoadFile, type Run } from '@gapferry/core';
import { toSeen } from './bucket-memory.ts';
import { ownAfterAll } from './own-after-all.ts';
import type { S3Place } from './s3-place.ts';
import type { S3At, S3Part, S3PutOptions, S3Source, S3Stored } from './s3-store.ts';
import { completeUpload, type LargeFile } from './send-large.ts';
import { forgetUpload, rememberUpload } from './upload-journal.ts';

/** The rules of S3: 10,000 parts. */
const MOST_PARTS = 10_000;
/** Bytes of a part that is copied: one request each, and no byte of it passes here. */
const COPIED_PART = 512 << 20;
const PART_LANES = 4;

/** Has the store copy what lies at `from` and is the bytes of `file`: in one request, or a range for each part where it is larger than a store copies at once. Nothing is sent.
 *  Throws `TARGET_CONFLICT` or `SOURCE_NOT_FOUND` when it is not there like that. */
export async function copyObject(
  place: S3Place,
  from: S3Source,
  at: S3At,
  file: LoadFile,
  options: S3PutOptions,
  run: Run,
): Promise<S3Stored> {
  const { limit, store, mostCopied, oneLarge } = place;
  if (file.root.size > mostCopied)
    return await oneLarge(() => copyLarge(place, from, { ...at, file }, options, run));
  return await limit(() =>
    store
      .copy({ ...from, size: file.root.size }, at, options, run)
      .catch((error: unknown) => ownAfterAll(store, at, file, error, run)),
  );
}

async function copyLarge(
  place: S3Place,
  from: S3Source,
  to: LargeFile,
  { ifMatch, ...kept }: S3PutOptions,
  run: Run,
): Promise<S3Stored> {
  const { limit, store, mostCopied } = place;
  const large = { ...to, ...(ifMatch !== undefined && { ifMatch }) };
  const { digest, size } = large.file.root;
  await requireSource(place, from, large, run);
  const least = Math.ceil(size / MOST_PARTS / 2 ** 20) * 2 ** 20;
  const partSize = Math.max(Math.min(COPIED_PART, mostCopied), least);
  const id = await limit(() => store.begin(large, { ...kept, copied: true }, run));
  try {
    await rememberUpload(place, { key: large.key, upload: id, digest, partSize }, run);
    const parts = await copyParts(place, from, large, { id, size, partSize }, run);
    return await completeUpload(place, large, id, parts, run);
  } catch (error) {
    // What stays behind nevertheless is in the journal.
    const aborted = store.abort(large, id, tidyingRun()).then(() => true);
    if (await aborted.catch(() => false)) await forgetUpload(place, large.key);
    throw error;
  }
}

/** What was begun is also taken away in a run that was stopped, and not waited for long. */
function tidyingRun(): Run {
  return { signal: AbortSignal.timeout(10_000), emit: () => {} };
}

/** A store has no digest of the whole for parts that it copied: what counts is, as for everything that is there, our digest with the object. */
async function requireSource(
  { store, limit }: S3Place,
  { key, etag, version }: S3Source,
  { item, file }: LargeFile,
  run: Run,
): Promise<void> {
  const { digest, size } = file.root;
  const facts = await limit(() => store.head({ key, item }, run));
  const seen = facts && toSeen(facts);
  if (seen?.digest === digest && seen.size === size && seen.etag === etag) return;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${item}: ${key} in ${store.place} is not what the index says${version === undefined ? '' : ` of version ${version}`}`,
    hint: 'find out who changed it',
    origin: 'target',
    data: { item, key },
  });
}

async function copyParts(
  { store, limit }: S3Place,
  from: S3Source,
  at: S3At,
  { id, size, partSize }: { readonly id: string; readonly size: number; readonly partSize: number },
  run: Run,
): Promise<readonly S3Part[]> {
  const numbers = Array.from({ length: Math.ceil(size / partSize) }, (_, i) => i + 1);
  const copyOne = (number: number, inner: Run): Promise<S3Part> => {
    const start = (number - 1) * partSize;
    const part = { number, start, size: Math.min(partSize, size - start) };
    return limit(() => store.copyPart(from, at, id, part, inner));
  };
  return await inLanes(numbers, PART_LANES, copyOne, run);
}
