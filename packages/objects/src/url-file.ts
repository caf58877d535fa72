import {
  type BlobStore,
  type ByteSource,
  type Bytes,
  type Descriptor,
  isGapferryError,
  MEDIA_TYPES,
  type Run,
  type UrlFilePin,
  type UrlFileWish,
} from '@gapferry/core';
import { type FileMeans, fromOrigin } from './file-means.ts';
import type { FileOrigin } from './file-origin.ts';
import type { FileLearner } from './learn-file.ts';

/** Brings a file into a store, from the first place that has it as it is pinned: bytes that were read already to find out what it is are not asked for again. */
export async function fetchUrlFile(
  means: FileMeans,
  pin: UrlFilePin,
  wish: UrlFileWish,
  into: BlobStore,
  run: Run,
): Promise<Descriptor> {
  const { id: item, sha256: digest } = pin;
  const told = tellOnce(item, run);
  const fromPlace = async (origin: FileOrigin): Promise<Stored> => {
    const size = pin.size ?? (await origin.size(digest, means.limit, run));
    const there = told.begun(size) ? told.there : () => {};
    return { size, ...(await into.put({ digest, size }, origin.source(size, there, run), run)) };
  };
  const { size, reused } =
    (await putKept(means.learner, pin, told, into, run)) ?? (await fromOrigin(means, wish, fromPlace, run));
  if (reused) told.there(size);
  run.emit({ kind: 'item-done', item, outcome: reused ? 'reused' : 'done', bytes: size });
  return { mediaType: MEDIA_TYPES.octets, digest, size };
}

interface Stored {
  readonly size: number;
  readonly reused: boolean;
}

interface Told {
  /** False where it had begun before: what is there is of another place. */
  begun(size: number): boolean;
  there(bytes: number): void;
}

/** One place may go on where another ended. */
function tellOnce(item: string, run: Run): Told {
  let [hasBegun, hadSome] = [false, false];
  return {
    begun(bytes) {
      if (hasBegun) return false;
      run.emit({ kind: 'item-started', item, bytes });
      hasBegun = true;
      return true;
    },
    there(bytes) {
      if (!hadSome) run.emit({ kind: 'bytes', item, bytes, reused: true });
      hadSome = true;
    },
  };
}

/** Undefined where nothing is kept, or something else than it should be: then it is asked for again. */
async function putKept(
  learner: FileLearner,
  { id, sha256, size }: UrlFilePin,
  told: Told,
  into: BlobStore,
  run: Run,
): Promise<Stored | undefined> {
  const file = size === undefined ? undefined : { sha256, size };
  const kept = file && (await learner.kept(file));
  if (kept === undefined || file === undefined) return undefined;
  told.begun(file.size);
  try {
    const { reused } = await into.put(
      { digest: sha256, size: file.size },
      readKept(kept, id, told, run),
      run,
    );
    await learner.forget(file);
    return { size: file.size, reused };
  } catch (error) {
    if (!isGapferryError(error) || error.category !== 'integrity') throw error;
    await learner.forget(file);
    return undefined;
  }
}

function readKept(kept: (from: number, run: Run) => Bytes, item: string, told: Told, run: Run): ByteSource {
  return async function* (from) {
    if (from > 0) told.there(from);
    for await (const chunk of kept(from, run)) {
      yield chunk;
      run.emit({ kind: 'bytes', item, bytes: chunk.byteLength });
    }
  };
}
