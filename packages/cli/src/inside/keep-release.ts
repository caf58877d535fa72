import { rm } from 'node:fs/promises';
import type { VerifiedRelease } from '@gapferry/bundle';
import {
  type BlobReader,
  type BlobStore,
  type Bytes,
  digestOf,
  GapferryError,
  isGapferryError,
  isInterruption,
  MEDIA_TYPES,
  type ReleaseFiles,
  type ReleaseReader,
  type Run,
  readVerified,
  type SizedDigest,
} from '@gapferry/core';
import { keptDirectory, readKeptReleases } from './kept-releases.ts';
import { openKeptRelease } from './open-kept-release.ts';
import { payloadOf } from './signed-payload.ts';

/** Writes what the site keeps of a release from its medium: the signed release, and the blobs that `readForNames` reads. On disk when it returns, and whole: its release appears last, in one rename. What is there already and right
 *  is left alone, what a killed process began is completed, what is damaged is written anew. Throws `STORAGE_FAILED`, `NO_SPACE`, and what reading the medium throws. */
export async function keepRelease(
  stateDirectory: string,
  release: VerifiedRelease,
  medium: ReleaseReader & BlobReader,
  run: Run,
): Promise<void> {
  const { address, release: said, statement } = release.opened;
  const directory = keptDirectory(stateDirectory, { ...said, statement });
  if (await isKept(stateDirectory, directory, release, run)) return;
  const { openDepot } = await import('@gapferry/depot');
  const { readForNames } = await import('@gapferry/importer');
  const files = await medium.readRelease(address);
  requireSame(files, release);
  const store = await openDepot(directory, { create: true, origin: 'site' });
  await readForNames(release, keepingReader(medium, store), run);
  await store.writeRelease(address, files, run);
}

/** Is all of it there, and readable as it should be? What is damaged is removed, so that it can be written anew. */
async function isKept(
  stateDirectory: string,
  directory: string,
  release: VerifiedRelease,
  run: Run,
): Promise<boolean> {
  const kept = (await readKeptReleases(stateDirectory)).find((one) => one.directory === directory);
  if (kept === undefined) return false;
  const { readForNames } = await import('@gapferry/importer');
  try {
    const { medium, address } = await openKeptRelease(kept);
    requireSame(await medium.readRelease(address), release);
    await readForNames(release, medium, run);
    return true;
  } catch (error) {
    if (!isGapferryError(error) || isInterruption(error)) throw error;
    await rm(directory, { recursive: true, force: true });
    return false;
  }
}

/** A medium may answer differently the second time. */
function requireSame(files: ReleaseFiles, { opened }: VerifiedRelease): void {
  const { manifestDigest, statement, release } = opened;
  const payload = payloadOf(files.statement, 'the release statement');
  const isSame =
    digestOf(files.manifest) === manifestDigest && payload !== undefined && digestOf(payload) === statement;
  if (isSame) return;
  throw new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `release ${release.channel}/${release.sequence} is not what was read before: it changed while it was imported`,
    hint: 'nothing was loaded; somebody writes to the medium, or it is damaged: take another copy',
    origin: 'medium',
  });
}

/** What is read is stored first. Only for blobs whose size was judged. */
function keepingReader(from: BlobReader, store: BlobStore): BlobReader {
  return {
    has: (blob, run) => from.has(blob, run),
    open: (blob, run) => keeping(from, store, blob, run),
  };
}

async function* keeping(from: BlobReader, store: BlobStore, blob: SizedDigest, run: Run): Bytes {
  const bytes = await readVerified(blob, from.open(blob, run), { origin: 'medium' });
  await store.add(MEDIA_TYPES.octets, bytes, run);
  yield bytes;
}
