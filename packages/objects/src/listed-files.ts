import {
  type BlobStore,
  type Descriptor,
  type Digest,
  digestOf,
  GapferryError,
  GRYPE_LISTING_LIMIT,
  LISTED_NAMES,
  type ListedFileWish,
  listedName,
  listedUrl,
  MEDIA_TYPES,
  parseGrypeListing,
  type Run,
  type UrlFilePin,
  type UrlFileWish,
} from '@gapferry/core';
import type { ReadFrom, SmallFiles, WantedFile } from './small-files.ts';

/** The listing, and the archive that it names now. Throws `CONTENT_INVALID`, and what reading throws. */
export async function resolveListed(
  small: SmallFiles,
  { listing, as }: ListedFileWish,
  wish: Digest,
  run: Run,
): Promise<UrlFilePin[]> {
  const id = `${as}/${LISTED_NAMES.listing}`;
  const pins = async (bytes: Uint8Array, { mirror }: ReadFrom): Promise<UrlFilePin[]> => {
    const { path, sha256 } = parseGrypeListing(bytes, id);
    const said = { wish, ...(mirror !== undefined && { mirror }) };
    const size = bytes.byteLength;
    return [
      { kind: 'file', id, url: listing, sha256: digestOf(bytes), size, ...said },
      { kind: 'file', id: `${as}/${listedName(path)}`, url: listedUrl(listing, path), sha256, ...said },
    ];
  };
  return await small.use(listingOf({ id, url: listing }), pins, run);
}

/** Is it the listing itself, and not the archive? */
export function isListing({ id }: UrlFilePin, { as }: ListedFileWish): boolean {
  return id === `${as}/${LISTED_NAMES.listing}`;
}

/** The archive alone, by its URL. */
export function archiveWish({ id, url }: UrlFilePin): UrlFileWish {
  return { kind: 'file', url, as: id };
}

/** Brings the listing that the pin means. Throws `DIGEST_MISMATCH` when upstream has another one by now, and what reading throws. */
export async function fetchListing(
  small: SmallFiles,
  pin: UrlFilePin,
  into: BlobStore,
  run: Run,
): Promise<Descriptor> {
  const { id: item, sha256: digest, size = 0 } = pin;
  run.emit({ kind: 'item-started', item, bytes: size });
  const reused = await into.has({ digest, size }, run);
  if (!reused) {
    const put = async (bytes: Uint8Array): Promise<void> => {
      if (digestOf(bytes) !== digest) throw movedOn(pin, digestOf(bytes));
      await into.put({ digest, size }, (from) => once(bytes.subarray(from)), run);
    };
    await small.use(listingOf(pin), put, run);
  }
  run.emit({ kind: 'bytes', item, bytes: size, ...(reused && { reused }) });
  run.emit({ kind: 'item-done', item, outcome: reused ? 'reused' : 'done', bytes: size });
  return { mediaType: MEDIA_TYPES.octets, digest, size };
}

function listingOf({ id: item, url }: Pick<UrlFilePin, 'id' | 'url'>): WantedFile {
  return { place: { url }, limit: GRYPE_LISTING_LIMIT, item };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function movedOn({ id, sha256, url }: UrlFilePin, actual: Digest): GapferryError {
  return new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${id} is ${sha256} in the lock, and upstream has ${actual} by now (${url})`,
    hint: 'there is a newer database: run "gapferry resolve", look at what changed in the lock, and commit it',
    origin: 'source',
    data: { item: id, expected: sha256, actual },
  });
}
