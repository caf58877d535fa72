import {
  type BlobReader,
  GapferryError,
  type GitContent,
  isGapferryError,
  type LoadOutcome,
  type Presence,
  type Run,
  totalSize,
} from '@gapferry/core';
import { copyBlobs, missingOf } from './blob-content.ts';
import type { EmbeddedStore } from './embedded-store.ts';
import { repositoryDirectory } from './embedded-tree.ts';
import type { GitPlaces } from './git-names.ts';
import { listObjects, unlistedOf } from './lfs-listing.ts';

/** Bare repositories, and blobs for what Git LFS keeps. */
export interface ContentPlaces extends GitPlaces {
  readonly store: EmbeddedStore;
  readonly concurrency: number;
}

/** Git objects are there or not as a whole: an object that the refs reach and that is not there makes the packs necessary that the repository has not been given yet. */
export async function inspectObjects(places: ContentPlaces, load: GitContent, run: Run): Promise<Presence> {
  const directory = directoryOf(places, load);
  const files = await missingOf(places.store, load.lfs ?? [], run);
  const isThere = await places.repositories.holds(directory, load, run);
  const unlisted = await unlistedOf(directory, load.lfs ?? []);
  if (isThere && files.length + unlisted.length === 0) return { state: 'same' };
  const packs = isThere ? [] : await places.repositories.neededPacks(directory, load.packs, run);
  const missingBytes = totalSize([...packs, ...files]);
  return { state: 'absent', missingBytes, ...(files.length > 0 && { lfs: files.length }) };
}

/** The files of Git LFS first: a commit is no use to anybody who cannot check it out. */
export async function loadObjects(
  places: ContentPlaces,
  load: GitContent,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  const files = await missingOf(places.store, load.lfs ?? [], run);
  const copied = await copyBlobs({ ...places, item: load.item }, files, from, run);
  const packed = await loadPacks(places, load, from, run);
  const directory = directoryOf(places, load);
  const unlisted = await unlistedOf(directory, load.lfs ?? []);
  if (unlisted.length > 0) await listObjects(places.tree, directory, unlisted, run);
  const isSame = packed.state === 'same' && files.length + unlisted.length === 0;
  return { state: isSame ? 'same' : 'loaded', bytes: packed.bytes + copied };
}

async function loadPacks(
  places: GitPlaces,
  load: GitContent,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  const directory = directoryOf(places, load);
  if (await places.repositories.holds(directory, load, run)) return { state: 'same', bytes: 0 };
  const { item, objectFormat, refs, packs, shallow } = load;
  const { bytes } = await places.repositories.place(
    { item, directory, objectFormat, refs, packs, ...(shallow && { shallow }) },
    from,
    run,
  );
  run.emit({ kind: 'bytes', item: load.item, bytes });
  return { state: 'loaded', bytes };
}

export async function proveObjects(places: GitPlaces, load: GitContent, run: Run): Promise<void> {
  const [unlisted] = await unlistedOf(directoryOf(places, load), load.lfs ?? []);
  if (unlisted !== undefined)
    throw new GapferryError({
      code: 'BLOB_MISSING',
      message: `${load.item} did not come back from the target ${places.target}: its repository does not list the Git LFS object ${unlisted.digest}`,
      hint: 'no ref was set; look whether something changes the tree of the target, and run the import again',
      origin: 'target',
      data: { item: load.item, target: places.target },
    });
  try {
    await places.repositories.readBack(directoryOf(places, load), load, load.item, run);
  } catch (error) {
    if (!isGapferryError(error, 'CONTENT_INVALID')) throw error;
    throw new GapferryError({
      code: 'DIGEST_MISMATCH',
      message: `${load.item} did not come back from the target ${places.target}: ${error.message}`,
      hint: 'no ref was set; check the disk of the target, remove the repository and run the import again',
      origin: 'target',
      data: { item: load.item, target: places.target },
      cause: error,
    });
  }
}

function directoryOf(places: GitPlaces, load: GitContent): string {
  return repositoryDirectory(places.tree, load.repository);
}
