import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestFromHex, digestOf, hexOf } from '@gapferry/core';
import type { BodyValidator } from '@gapferry/http';
import {
  addTo,
  type LearntFile,
  learntFrom,
  newState,
  type PartialPaths,
  type PartialState,
  readState,
} from './partial-state.ts';

/** A file while it is read to find out what it is. What came is kept when the process ends, however it ends, as long as a validator says which state of the file it is of. */
export interface PartialFile {
  /** Bytes that are there, and what holds them; 0 where there are none that may be used. */
  readonly size: number;
  readonly by: BodyValidator | undefined;
  /** Those to come are held by this. */
  hold(by: BodyValidator | undefined): void;
  /** Those that came are void. */
  begin(): void;
  add(chunk: Uint8Array): Promise<void>;
  /** All came: they are where `bodyIn` says. */
  whole(): Promise<LearntFile>;
  /** No more come. */
  leave(): Promise<void>;
}

/** At most so many bytes are read twice. */
const STEP = 1 << 20;
/** Milliseconds after which what nobody wanted any more is removed. */
const OLDEST = 30 * 24 * 60 * 60 * 1000;

/** Where the bytes of a whole file are kept. */
export function bodyIn(directory: string, digest: Digest): string {
  return join(directory, `${hexOf(digest)}.body`);
}

/** Bytes of `name` in a directory that is made when it is needed: beside them stands how many are sure, their digest, and what holds them. Bytes after these, or of another digest (a machine that lost its power may have written
 *  the one and not the other), are not used. Several processes may use the directory: what they write at the same place is the same as long as the file is, and whoever takes a file from here knows its digest. */
export async function openPartial(directory: string, name: string): Promise<PartialFile> {
  await mkdir(directory, { recursive: true });
  await sweep(directory);
  const key = hexOf(digestOf(name));
  const paths = { bytes: join(directory, `${key}.part`), notes: join(directory, `${key}.part.json`) };
  // Most files are small, and there may be very many: nothing is asked twice.
  const hasNotes = await stat(paths.notes).then(
    () => true,
    () => false,
  );
  const state = (hasNotes ? await readState(paths, name) : undefined) ?? newState();
  const file = await openOrMake(paths.bytes);
  return partialOf({ directory, name, paths, file, hasNotes }, state);
}

/** The same, kept nowhere. */
export function unkeptPartial(): PartialFile {
  let state = newState();
  return {
    size: 0,
    by: undefined,
    hold() {},
    begin() {
      state = newState();
    },
    add: async (chunk) => addTo(state, chunk),
    whole: async () => learntFrom(state),
    leave: async () => {},
  };
}

interface Place {
  readonly directory: string;
  readonly name: string;
  readonly paths: PartialPaths;
  readonly file: FileHandle;
  readonly hasNotes: boolean;
}

function partialOf(place: Place, begun: PartialState): PartialFile {
  const { directory, name, paths, file } = place;
  let { hasNotes } = place;
  let state = begun;
  let noted = state.size;
  const note = async (): Promise<void> => {
    if (state.by === undefined || state.size === noted) return;
    hasNotes = true;
    await writeNotes(paths.notes, name, state);
    noted = state.size;
  };
  const removeNotes = async (): Promise<void> => {
    if (hasNotes) await rm(paths.notes, { force: true });
    hasNotes = false;
  };
  return {
    size: state.size,
    by: state.by,
    hold(by) {
      state.by = by;
    },
    begin() {
      state = newState();
      noted = 0;
    },
    async add(chunk) {
      if (state.size === 0) await removeNotes();
      await writeAt(file, chunk, state.size);
      addTo(state, chunk);
      if (state.size - noted >= STEP) await note();
    },
    async whole() {
      const learnt = learntFrom(state);
      if ((await file.stat()).size > state.size) await file.truncate(state.size);
      await file.close();
      await rename(paths.bytes, bodyIn(directory, learnt.sha256)).catch((error: NodeJS.ErrnoException) => {
        // Another process had all of it first; what it kept is under the digest of what it read.
        if (error.code !== 'ENOENT') throw error;
      });
      await removeNotes();
      return learnt;
    },
    async leave() {
      // What it failed with before is what counts: a full disk has no room for notes either.
      await note().catch(() => {});
      await file.close();
      if (state.by !== undefined && state.size > 0) return;
      await removeNotes();
      await rm(paths.bytes, { force: true });
    },
  };
}

async function writeNotes(path: string, name: string, { by, sha256, size }: PartialState): Promise<void> {
  const digest = digestFromHex(sha256.copy().digest('hex'));
  const file = await openOrMake(path);
  try {
    // Longer with each time: nothing of an earlier one is left behind it.
    await writeAt(file, Buffer.from(JSON.stringify({ name, by, sha256: digest, size })), 0);
  } finally {
    await file.close();
  }
}

async function writeAt(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.byteLength; )
    at += (await file.write(bytes, at, bytes.byteLength - at, position + at)).bytesWritten;
}

function openOrMake(path: string): Promise<FileHandle> {
  // What was there is written over, not cut off: another process may be at it.
  return open(path, 'r+').catch(() => open(path, 'w', 0o600));
}

const swept = new Set<string>();

async function sweep(directory: string): Promise<void> {
  if (swept.has(directory)) return;
  swept.add(directory);
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isFile() && Date.now() - facts.mtimeMs > OLDEST) await rm(path, { force: true });
  }
}
