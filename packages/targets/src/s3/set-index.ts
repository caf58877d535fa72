import {
  digestOf,
  type FileName,
  fileState,
  GapferryError,
  isDirectoryLoad,
  isGapferryError,
  type LoadFile,
  type LoadOutcome,
  type NameState,
  type Presence,
  type Run,
} from '@gapferry/core';
import { requireReplaceable } from '../name-state.ts';
import type { BucketMemory, SeenIndex } from './bucket-memory.ts';
import { isAsWanted, lookAtFiles } from './look-at-files.ts';
import { earlierReleases, pruneReleases } from './prune-releases.ts';
import {
  type IndexedCopy,
  type IndexedFile,
  MOST_INDEX_BYTES,
  type ReleaseIndex,
  writeIndex,
} from './release-index.ts';
import type { S3Place } from './s3-place.ts';
import type { S3At, S3Stored } from './s3-store.ts';
import { setLatest } from './set-latest.ts';

/** What readers see: the entries of the index object. Of an earlier release with the same bytes a name is absent all the same: its keys are others. */
export async function inspectName(place: S3Place, load: FileName, run: Run): Promise<Presence> {
  const seen = await ownIndex(place, run);
  const entries = entriesOf(seen.index, load);
  const isOurs = seen.index?.statement === place.release.statement;
  const isWanted = (file: LoadFile): boolean =>
    isEntryAsWanted(entries.get(file.path), file) && hasCopy(place, entries.get(file.path));
  if (load.files.every(isWanted))
    return isOurs ? { state: 'same' } : { state: 'absent', missingBytes: 0, stands: true };
  const there = stateOf(load, entries);
  if (Object.keys(there).length === 0) return { state: 'absent', missingBytes: 0 };
  return { state: 'different', there, missingBytes: 0 };
}

/** Writes the index of the whole release, once, whatever names are asked for: readers see whole releases only. */
export async function setIndex(place: S3Place, loads: readonly FileName[], run: Run): Promise<LoadOutcome[]> {
  const lost = changed.get(place.memory);
  if (lost !== undefined) throw lost;
  const seen = await ownIndex(place, run);
  for (const load of loads)
    requireReplaceable(load, stateOf(load, entriesOf(seen.index, load)), fileState(load), place.target);
  const names = [...new Map([...place.surveyed, ...loads].map((load) => [load.path, load])).values()];
  const entries = (await Promise.all(names.map((load) => toEntries(place, load, run)))).flat();
  const outcomes = await Promise.all(
    loads.map(async (load): Promise<LoadOutcome> => {
      const { state } = await inspectName(place, load, run);
      return { state: state === 'same' ? 'same' : 'loaded', bytes: 0 };
    }),
  );
  const latest = await setLatest(place, names, entries, run);
  const files = entries.map((entry) => withCopy(entry, latest.get(entry.path)));
  const all = [...others(place, seen, names), ...files].sort(byPath);
  const earlier = earlierReleases(place, seen.index);
  const index: ReleaseIndex = { ...place.release, files: all, earlier };
  await writeReleaseIndex(place, seen, index, run);
  // Readers of the index before may still read what it named: what goes goes last.
  const left = await pruneReleases(place, earlier, run);
  if (left.length < earlier.length)
    await writeReleaseIndex(place, await place.memory.index(run), { ...index, earlier: left }, run);
  return outcomes;
}

/** Throws `TARGET_CONFLICT` for an object in the index's place that is none of this channel's. */
export async function ownIndex(
  { memory, keys, release, store, target }: S3Place,
  run: Run,
): Promise<SeenIndex> {
  const seen = await memory.index(run);
  if (seen.etag === undefined || seen.index?.channel === release.channel) return seen;
  const what =
    seen.index === undefined ? 'is no index of gapferry' : `belongs to channel ${seen.index.channel}`;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${keys.index} in ${store.place} at target ${target} ${what}`,
    hint:
      seen.index === undefined
        ? 'find out who put it there, and move it away: the next import writes it anew'
        : 'begin `keys` of the target with something that is this channel’s own, like {channel}/',
    origin: 'target',
    data: { target, key: keys.index },
  });
}

/** Puts the index object in the place of the one that was seen. */
export async function writeReleaseIndex(
  place: S3Place,
  seen: SeenIndex,
  index: ReleaseIndex,
  run: Run,
): Promise<void> {
  const { store, keys, memory, policy } = place;
  const bytes = writeIndex(index);
  if (seen.index?.statement === index.statement && Buffer.from(writeIndex(seen.index)).equals(bytes)) return;
  const open = async function* (): AsyncIterable<Uint8Array> {
    yield bytes;
  };
  const at = { key: keys.index, item: 'the index object' };
  const body = { digest: digestOf(bytes), size: bytes.byteLength, open };
  // Whoever changed it since it was read keeps his work.
  const options = { contentType: 'application/json', tags: policy.tags, ifMatch: seen.etag ?? 'none' };
  const stored = await store.put(at, body, options, run).catch((error: unknown) => {
    if (!isGapferryError(error, 'TARGET_CONFLICT')) throw error;
    return ownAfterAll(place, at, bytes, error, run);
  });
  memory.setIndex({ etag: stored.etag, index });
}

/** Where an answer was lost the second try finds what the first one left. */
async function ownAfterAll(
  { store, memory }: S3Place,
  at: S3At,
  bytes: Uint8Array,
  error: GapferryError,
  run: Run,
): Promise<S3Stored> {
  const found = await store.read(at, MOST_INDEX_BYTES, run);
  if (found !== undefined && Buffer.from(found.bytes).equals(bytes)) return found;
  changed.set(memory, error);
  throw error;
}

/** What is not as it was surveyed is not asked for again with each name that is tried alone then. */
const changed = new WeakMap<BucketMemory, GapferryError>();

/** Without a survey of the whole release, what the index says of other names stays. */
function others(place: S3Place, { index }: SeenIndex, names: readonly FileName[]): readonly IndexedFile[] {
  if (place.surveyed.length > 0 || index?.statement !== place.release.statement) return [];
  const own = new Set(names.flatMap(({ files }) => files.map(({ path }) => path)));
  return index.files.filter(({ path }) => !own.has(path));
}

/** Throws `BLOB_MISSING` for what is not there as the release wants it. */
async function toEntries(place: S3Place, load: FileName, run: Run): Promise<IndexedFile[]> {
  const looks = await lookAtFiles(place, load, run);
  return looks.map((look): IndexedFile => {
    const { file, key, there } = look;
    if (there === undefined || !isAsWanted(look))
      throw new GapferryError({
        code: 'BLOB_MISSING',
        message: `${load.item}: ${key} is not in ${place.store.place} as the release has it`,
        hint: 'run the import again',
        origin: 'target',
        data: { item: load.item, key },
      });
    return {
      path: file.path,
      key,
      digest: file.root.digest,
      size: file.root.size,
      etag: there.etag,
      ...(there.version !== undefined && { version: there.version }),
      ...(file.executable && { executable: true }),
    };
  });
}

/** The entries of a name's files. */
function entriesOf(index: ReleaseIndex | undefined, load: FileName): ReadonlyMap<string, IndexedFile> {
  const all = index === undefined ? undefined : entriesByPath(index);
  return new Map(
    load.files.flatMap(({ path }) => {
      const entry = all?.get(path);
      return entry === undefined ? [] : [[path, entry] as const];
    }),
  );
}

/** Made once for an index: many names are looked up in it. */
const byPaths = new WeakMap<ReleaseIndex, ReadonlyMap<string, IndexedFile>>();

function entriesByPath(index: ReleaseIndex): ReadonlyMap<string, IndexedFile> {
  const known = byPaths.get(index) ?? new Map(index.files.map((entry) => [entry.path, entry]));
  byPaths.set(index, known);
  return known;
}

function isEntryAsWanted(entry: IndexedFile | undefined, file: FileName['files'][number]): boolean {
  return entry?.digest === file.root.digest && (entry.executable === true) === (file.executable === true);
}

function stateOf(load: FileName, entries: ReadonlyMap<string, IndexedFile>): NameState {
  const there = [...entries.values()].map(({ path, digest }) => ({ path, root: { digest } }));
  return isDirectoryLoad(load) || there.length > 0 ? fileState(load, there) : {};
}

/** The site may have begun to want copies since. */
function hasCopy({ policy, keys }: S3Place, entry: IndexedFile | undefined): boolean {
  return policy.latest === undefined || entry?.latest?.key === `${keys.latest}${entry?.path}`;
}

function withCopy(entry: IndexedFile, latest: IndexedCopy | undefined): IndexedFile {
  return latest === undefined ? entry : { ...entry, latest };
}

function byPath(a: IndexedFile, b: IndexedFile): number {
  return a.path < b.path ? -1 : 1;
}
