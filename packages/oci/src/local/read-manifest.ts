import { type Descriptor, GapferryError, type Run, readVerified, type SizedDigest } from '@gapferry/core';
import { MANIFEST_LIMIT } from '../manifest-document.ts';
import { refused } from './local-error.ts';
import type { LocalPlace } from './local-place.ts';
import type { PlaceFile } from './place-files.ts';

/** The bytes of a manifest or index, checked against digest and size; at most 4 MiB. Throws `SOURCE_NOT_FOUND`, `LIMIT_EXCEEDED`, `SIZE_MISMATCH`, `DIGEST_MISMATCH`. */
export async function readManifest(place: LocalPlace, descriptor: Descriptor, run: Run): Promise<Uint8Array> {
  if (descriptor.size > MANIFEST_LIMIT)
    throw refused(
      `${descriptor.digest} in ${place.what}`,
      `it has ${descriptor.size} bytes; the limit for a manifest is ${MANIFEST_LIMIT}`,
      'LIMIT_EXCEEDED',
    );
  const file = await requireBlob(place, descriptor, run);
  return readVerified(descriptor, file.open(run)(0), { origin: 'source', place: place.what });
}

/** A blob of the place, of the right size. Nobody has checked its content. Throws `SOURCE_NOT_FOUND`, `SIZE_MISMATCH`. */
export async function requireBlob(place: LocalPlace, blob: SizedDigest, run: Run): Promise<PlaceFile> {
  const file = await place.find(blob.digest, run);
  if (file === undefined)
    throw new GapferryError({
      code: 'SOURCE_NOT_FOUND',
      message: `blob ${blob.digest} is not in ${place.what}`,
      hint: 'the place is not complete; save the image again, with all platforms that are wanted',
      origin: 'source',
      data: { digest: blob.digest, path: place.what },
    });
  if (file.size === blob.size) return file;
  throw new GapferryError({
    code: 'SIZE_MISMATCH',
    message: `blob ${blob.digest} in ${place.what} has ${file.size} bytes instead of ${blob.size}`,
    hint: 'these bytes were cut, changed or damaged; nothing of them is used',
    origin: 'source',
    data: { expected: blob.digest, size: blob.size, actual: file.size, place: place.what },
  });
}
