import { type FileContent, GapferryError, type Run } from '@gapferry/core';
import { type FileLook, lookAtFiles } from './look-at-files.ts';
import type { S3Place } from './s3-place.ts';

/** The barrier: lists the keys of the release anew. An object counts where size and ETag are those that the store gave for bytes it had checked itself; any other is asked for its digest.
 *  Throws `BLOB_MISSING` or `DIGEST_MISMATCH`. */
export async function proveFiles(place: S3Place, loads: readonly FileContent[], run: Run): Promise<void> {
  place.memory.relist();
  for (const load of loads)
    for (const look of await lookAtFiles(place, load, run)) requireProved(place, load, look);
}

function requireProved(
  { store, target }: S3Place,
  { item }: FileContent,
  { file: { root }, key, there }: FileLook,
): void {
  if (there?.digest === root.digest && there.size === root.size) return;
  const found = there === undefined ? 'it is missing' : `it has ${there.digest ?? 'no digest of ours'}`;
  throw new GapferryError({
    code: there === undefined ? 'BLOB_MISSING' : 'DIGEST_MISMATCH',
    message: `${item}: ${key} did not come back from ${store.place} at target ${target}: ${found}, and not ${root.digest}`,
    hint: 'nothing was made visible; find out who else writes to the bucket, then run the import again',
    origin: 'target',
    data: { item, key, target, expected: root.digest, ...(there?.digest && { actual: there.digest }) },
  });
}
