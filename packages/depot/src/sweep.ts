import { join } from 'node:path';
import { checkRun, type Digest, digestFromHex, type Run } from '@gapferry/core';
import {
  type DepotPlace,
  factsOf,
  removeFile,
  requireWritable,
  syncDirectory,
  trouble,
} from './depot-place.ts';
import { blobPath, blobsDirectory } from './layout.ts';
import { keepNames } from './names.ts';
import { isBlobName } from './space.ts';

/** What a sweep removed. */
export interface Swept {
  readonly blobs: number;
  readonly bytes: number;
}

export async function discardBlob(place: DepotPlace, digest: Digest): Promise<void> {
  requireWritable(place);
  await removeFile(place, blobPath(place.directory, digest));
  await syncDirectory(place, blobsDirectory(place.directory));
}

/** Names first, so that `index.json` never names what is gone; then blobs, then leftovers. Foreign files among the blobs stay. */
export async function sweepDepot(place: DepotPlace, keep: ReadonlySet<Digest>, run: Run): Promise<Swept> {
  requireWritable(place);
  await keepNames(place, (digest) => keep.has(digest));
  const directory = blobsDirectory(place.directory);
  let [blobs, bytes] = [0, 0];
  for (const name of await namesOf(place, directory)) {
    checkRun(run);
    if (!isBlobName(name) || keep.has(digestFromHex(name))) continue;
    const facts = await factsOf(place, join(directory, name));
    if (facts?.isFile() !== true) continue;
    await removeFile(place, join(directory, name));
    blobs += 1;
    bytes += facts.size;
  }
  await syncDirectory(place, directory);
  await clearLeftovers(place);
  return { blobs, bytes };
}

async function clearLeftovers(place: DepotPlace): Promise<void> {
  const directory = join(place.directory, 'tmp');
  for (const name of await namesOf(place, directory))
    await place.files.removeTree(join(directory, name)).catch((error: unknown) => {
      throw trouble(place, 'remove', join(directory, name), error);
    });
  await syncDirectory(place, directory);
}

async function namesOf(place: DepotPlace, directory: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of place.files.list(directory)) names.push(name);
  } catch (error) {
    throw trouble(place, 'list', directory, error);
  }
  return names;
}
