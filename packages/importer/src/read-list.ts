import { type BlobReader, type Descriptor, GapferryError, type Run, readVerified } from '@gapferry/core';

/** A list that is too long for the manifest, judged by its size before memory is spent on it. `what`: for messages. Throws `LIMIT_EXCEEDED`, `DIGEST_MISMATCH`. */
export async function readList(
  list: Descriptor,
  limit: number,
  what: string,
  medium: BlobReader,
  run: Run,
): Promise<Uint8Array> {
  if (list.size > limit)
    throw new GapferryError({
      code: 'LIMIT_EXCEEDED',
      message: `${what} has ${list.size} bytes; the limit is ${limit}`,
      origin: 'medium',
    });
  return await readVerified(list, medium.open(list, run), { origin: 'medium', place: what });
}

/** The list does not say what the item says. */
export function invalidList(message: string): GapferryError {
  return new GapferryError({
    code: 'MANIFEST_INVALID',
    message,
    hint: 'the release was made wrong: collect a new one',
    origin: 'medium',
  });
}
