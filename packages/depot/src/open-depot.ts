import { join, resolve } from 'node:path';
import {
  type BlobChecker,
  type BlobReader,
  type BlobWriter,
  type Digest,
  type ErrorOrigin,
  GapferryError,
  parseJson,
  type ReleaseReader,
  type ReleaseWriter,
  type Run,
  type SizedDigest,
} from '@gapferry/core';
import { type CheckOptions, checkBlobs, type DepotFindings } from './blob-checker.ts';
import { createBlobReader } from './blob-reader.ts';
import { createBlobWriter } from './blob-writer.ts';
import {
  type DepotPlace,
  factsOf,
  layoutInvalid,
  makeDirectory,
  readLimited,
  replaceFile,
  trouble,
} from './depot-place.ts';
import { type FileFacts, type FileSystem, nodeFileSystem } from './file-system.ts';
import { DEPOT_DIRECTORIES, OCI_LAYOUT } from './layout.ts';
import { createNameIndex, EMPTY_INDEX, type NameIndex, readIndex, replaceIndex } from './names.ts';
import { createReleaseReader, createReleaseWriter } from './release-store.ts';
import {
  begunBytes,
  type DepotSpace,
  type DepotUsage,
  foreignNames,
  measureSpace,
  measureUsage,
} from './space.ts';
import { discardBlob, type Swept, sweepDepot } from './sweep.ts';

export interface DepotOptions {
  /** Writes nothing at all, whatever the medium would allow; writing methods throw `READ_ONLY`. */
  readonly readOnly?: boolean;
  /** Make an empty depot where there is none. Files that are in the directory already stay untouched. */
  readonly create?: boolean;
  /** The side that errors name; `depot` unless given. */
  readonly origin?: ErrorOrigin;
  readonly files?: FileSystem;
}

export interface Depot extends BlobReader, BlobWriter, BlobChecker, ReleaseReader, ReleaseWriter, NameIndex {
  /** Absolute. */
  readonly directory: string;
  check(blobs: readonly SizedDigest[], run: Run, options?: CheckOptions): Promise<DepotFindings>;
  usage(): Promise<DepotUsage>;
  space(): Promise<DepotSpace>;
  /** Bytes of a blob that a broken trip left and the next put will not ask for. */
  begun(blob: SizedDigest): Promise<number>;
  /** Names beside the depot in its directory that are not its own, at most 1,000, sorted. They are never touched. Untrusted text. */
  foreignNames(): Promise<readonly string[]>;
  /** Removes one blob that was found damaged, so that the next put writes it again. None there is fine. */
  discard(digest: Digest): Promise<void>;
  /** Removes every blob that is not in `keep`, names whose root is gone, and what broken trips left in `tmp`. Never runs by itself. */
  sweep(keep: ReadonlySet<Digest>, run: Run): Promise<Swept>;
}

/** Opens a directory as a depot. Throws `USAGE` when it is none and `create` is not set, `LAYOUT_INVALID` when it is one of a form that gapferry does not write
 *  (a link in place of a directory, another layout version). Takes no lock: whoever writes holds the depot's lock. */
export async function openDepot(directory: string, options: DepotOptions = {}): Promise<Depot> {
  const place: DepotPlace = {
    directory: resolve(directory),
    files: options.files ?? nodeFileSystem,
    origin: options.origin ?? 'depot',
    readOnly: options.readOnly ?? false,
  };
  await requireRealDirectories(place);
  if (options.create === true && !place.readOnly) await createDepot(place);
  await requireLayout(place);
  return {
    directory: place.directory,
    ...createBlobReader(place),
    ...createBlobWriter(place),
    ...createReleaseReader(place),
    ...createReleaseWriter(place),
    ...createNameIndex(place),
    check: (blobs, run, checkOptions) => checkBlobs(place, blobs, run, checkOptions),
    usage: () => measureUsage(place),
    space: () => measureSpace(place),
    begun: (blob) => begunBytes(place, blob),
    foreignNames: () => foreignNames(place),
    discard: (digest) => discardBlob(place, digest),
    sweep: (keep, run) => sweepDepot(place, keep, run),
  };
}

/** A medium can bring `tmp` as a link to somewhere else. */
async function requireRealDirectories(place: DepotPlace): Promise<void> {
  for (const name of DEPOT_DIRECTORIES) {
    const facts = await factsOf(place, join(place.directory, name));
    if (facts !== undefined && !facts.isDirectory())
      throw layoutInvalid(place, `${join(place.directory, name)} is not a directory; links are refused`);
  }
}

/** `oci-layout` last: a depot is one when everything of it is there. Killed in between, the next call goes on. */
async function createDepot(place: DepotPlace): Promise<void> {
  await makeRoot(place);
  for (const name of DEPOT_DIRECTORIES) await makeDirectory(place, join(place.directory, name));
  if ((await factsOf(place, join(place.directory, 'index.json'))) === undefined)
    await replaceIndex(place, EMPTY_INDEX);
  else await readIndex(place);
  const layout = join(place.directory, 'oci-layout');
  if ((await factsOf(place, layout)) !== undefined) return;
  await replaceFile(place, layout, join(place.directory, 'tmp', 'oci-layout'), Buffer.from(OCI_LAYOUT));
}

async function makeRoot(place: DepotPlace): Promise<void> {
  const missing: string[] = [];
  for (let path = place.directory; ; path = resolve(path, '..')) {
    const there = await factsOf(place, path);
    // The way to a depot may lead over links; what is inside it may not.
    if (there !== undefined) break;
    missing.unshift(path);
  }
  for (const path of missing) await makeDirectory(place, path);
}

async function requireLayout(place: DepotPlace): Promise<void> {
  const path = join(place.directory, 'oci-layout');
  const bytes = await readLimited(place, path, 4096).catch((error: unknown) => {
    throw trouble(place, 'read', path, error);
  });
  if (bytes === undefined) throw notADepot(place, await factsOf(place, place.directory));
  const layout = parseJson(bytes, path, { maxBytes: 4096, maxDepth: 8 });
  const version = (layout as Readonly<Record<string, unknown>> | null)?.['imageLayoutVersion'];
  if (version !== '1.0.0') throw layoutInvalid(place, `${path} does not say imageLayoutVersion 1.0.0`);
}

function notADepot(place: DepotPlace, facts: FileFacts | undefined): GapferryError {
  return new GapferryError({
    code: 'USAGE',
    message:
      facts === undefined
        ? `there is no ${place.directory}`
        : `${place.directory} is not a depot: it has no oci-layout`,
    hint:
      facts === undefined
        ? 'check the path, and whether the medium is mounted'
        : 'name a directory that `gapferry collect` or `gapferry export` made; if a medium is mounted here, look whether it still is',
    origin: place.origin,
    data: { path: place.directory },
  });
}
