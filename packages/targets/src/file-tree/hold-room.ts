import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path/posix';
import { isGapferryError, type Run } from '@gapferry/core';
import { writeIndex } from '../s3/release-index.ts';
import { incomingOf, type TreePlace } from './tree-place.ts';

/** Of a file in the index and in SHA256SUMS, without its paths. */
const ENTRY_BYTES = 400;
const DIRECTORY_BYTES = 4096;
const CHUNK = 64 << 10;

/** Belongs to the barrier: takes the room that the records will need, so that names are not given where the SHA256SUMS that goes with them does not fit.
 *  A server is not asked, it would be requests more for each import. What an import that broke off had taken is taken over. Throws `NO_SPACE`. */
export async function holdRoom(place: TreePlace, run: Run): Promise<void> {
  if (place.tree.isRemote || place.surveyed.length === 0) return;
  place.holding ??= take(place, run);
  await place.holding;
}

/** For the records. */
export async function giveRoomBack(place: TreePlace, run: Run): Promise<void> {
  if (place.holding === undefined) return;
  place.holding = undefined;
  await place.tree.remove(roomAt(place), run);
}

async function take(place: TreePlace, run: Run): Promise<void> {
  const size = await roomOf(place, run);
  const old = await place.tree.look(roomAt(place), run);
  const body = { size, open: () => incompressible(size) };
  await place.tree.put(roomAt(place), body, old?.tag, run).catch((error: unknown) => {
    // Another site takes it, or gives it back, just now.
    if (!isGapferryError(error, 'TARGET_CONFLICT')) throw error;
  });
}

function roomAt(place: TreePlace): { readonly path: string; readonly item: string } {
  return { path: `${incomingOf(place)}/room`, item: 'the records' };
}

/** More than it will be. */
async function roomOf({ memory, surveyed, keys }: TreePlace, run: Run): Promise<number> {
  const { index } = await memory.index(run);
  const paths = surveyed.flatMap((load) => load.files.map((file) => keys.keyOf(file, load)));
  const entries = paths.reduce((sum, path) => sum + ENTRY_BYTES + 3 * Buffer.byteLength(path), 0);
  const directories = new Set(paths.map((path) => dirname(path))).size;
  return (index === undefined ? 0 : writeIndex(index).byteLength) + entries + directories * DIRECTORY_BYTES;
}

/** Some file systems keep zeros, and what repeats, in no room at all. */
async function* incompressible(size: number): AsyncIterable<Uint8Array> {
  for (let left = size; left > 0; left -= CHUNK) yield randomBytes(Math.min(CHUNK, left));
}
