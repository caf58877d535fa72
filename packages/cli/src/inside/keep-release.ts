import { rm } from 'node:fs/promises';
import type { VerifiedRelease } from '@gapferry/bundle';
import {
  type BlobReader,
  type BlobStore,
  type Bytes,
  GapferryError,
  isGapferryError,
  isInterruption,
  MEDIA_TYPES,
  type ReleaseFiles,
  type Run,
  readVerified,
  type SizedDigest,
} from '@gapferry/core';
import { keptDirectory, readKeptReleases } from './kept-releases.ts';
import { type OpenKept, openKeptRelease } from './open-kept-release.ts';

/** Writes what the site keeps of a release: its files as they were judged, and from its medium the blobs that `readForNames` reads. On disk when it returns, and whole: its release appears last, in one rename. What is there already and right
 *  is left alone, what a killed process began is completed, what is damaged is written anew. Throws `STORAGE_FAILED`, `NO_SPACE`, and what reading the medium throws. */
export async function keepRelease(
  stateDirectory: string,
  release: VerifiedRelease,
  medium: BlobReader,
  run: Run,
): Promise<void> {
  const { address, files, release: said, statement } = release.opened;
  const directory = keptDirectory(stateDirectory, { ...said, statement });
  const all = await readKeptReleases(stateDirectory);
  const kept = all.find((one) => one.directory === directory);
  if (kept !== undefined) {
    if (await isKeptWhole(() => openKeptRelease(kept), release, directory, run)) return;
    await rm(directory, { recursive: true, force: true });
  }
  const { openDepot } = await import('@gapferry/depot');
  const { readForNames } = await import('@gapferry/importer');
  const store = await openDepot(directory, { create: true, origin: 'site' });
  await readForNames(release, keepingReader(medium, store), run);
  await store.writeRelease(address, files, run);
}

/** Is all of it there, byte for byte as it was judged now? False where something lacks or is other than it was written. Throws what may pass, also a disk that cannot be read: what is there may be right, and the only one. */
export async function isKeptWhole(
  open: () => Promise<OpenKept>,
  release: VerifiedRelease,
  directory: string,
  run: Run,
): Promise<boolean> {
  const { readForNames } = await import('@gapferry/importer');
  try {
    const { medium, address } = await open();
    if (!isSameRelease(await medium.readRelease(address), release.opened.files)) return false;
    await readForNames(release, medium, run);
    return true;
  } catch (error) {
    if (!isGapferryError(error) || isInterruption(error) || error.category === 'internal') throw error;
    if (error.category === 'storage') throw unreadable(error, directory);
    return false;
  }
}

function isSameRelease(kept: ReleaseFiles, judged: ReleaseFiles): boolean {
  const filesOf = ({ manifest, packs, statement, signatures, approvals }: ReleaseFiles) => [
    ['manifest', manifest] as const,
    ['packs', packs] as const,
    ['statement', statement] as const,
    ...[...signatures].map(([name, bytes]) => [`signatures/${name}`, bytes] as const),
    ...[...approvals].map(([name, bytes]) => [`approvals/${name}`, bytes] as const),
  ];
  const known = new Map(filesOf(kept));
  return filesOf(judged).every(([name, bytes]) => isSame(known.get(name), bytes));
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return Buffer.compare(one, other) === 0;
}

function unreadable(error: GapferryError, directory: string): GapferryError {
  return new GapferryError({
    code: error.code,
    message: `what the site keeps of the release cannot be read: ${error.message}`,
    hint: `nothing was loaded; check the disk, and who may read ${directory}; where it cannot be read for good, move it away: the import writes it anew`,
    origin: 'site',
    data: error.data,
    cause: error,
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
