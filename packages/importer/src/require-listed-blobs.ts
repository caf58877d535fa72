import { blobsOf, type Item, type Manifest } from '@gapferry/bundle';
import type { Digest, SizedDigest } from '@gapferry/core';
import { invalidList } from './read-list.ts';

/** Holds what a list that is a blob names against the blobs of its item, both ways: every blob that is named is the item's with its size, and the item has none besides those and `unlisted`
 *  (the list itself, and what else the item has). `what`: the list, for messages. Throws `MANIFEST_INVALID`. */
export function requireListedBlobs(
  manifest: Manifest,
  item: Item,
  listed: readonly SizedDigest[],
  unlisted: ReadonlyArray<{ readonly digest: Digest } | undefined>,
  what: string,
): void {
  const sizes = new Map(blobsOf(manifest, item).map(({ digest, size }) => [digest, size]));
  const other = listed.find(({ digest, size }) => sizes.get(digest) !== size);
  if (other !== undefined)
    throw invalidList(
      `${what} names ${other.digest} with ${other.size} bytes, which the item does not list so`,
    );
  const named = new Set([...listed, ...unlisted].map((blob) => blob?.digest));
  const unnamed = item.blobs.find((digest) => !named.has(digest));
  if (unnamed !== undefined) throw invalidList(`${what} does not name ${unnamed}, which the item lists`);
}
