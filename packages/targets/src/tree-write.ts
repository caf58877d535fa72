import { randomUUID } from 'node:crypto';
import type { Stats } from 'node:fs';
import * as fs from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type Bytes, briefCalls, checkRun, inLanes, type Run } from '@gapferry/core';
import { errnoOf, inTheWay, treeError } from './tree-error.ts';
import { factsOf } from './tree-look.ts';

/** Every file gets this time: when it was loaded is in the ledger, and the same release makes the same tree. The first midnight that FAT can write. */
export const FILE_TIME: Date = new Date('1980-01-01T00:00:00Z');

const CREATE = fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW;
/** Shorter writes are brief calls. */
const SHORT = 64 << 10;
const brief = briefCalls();
const inThread = {
  open: promisify(fs.open),
  write: promisify(fs.write),
  futimes: promisify(fs.futimes),
  fsync: promisify(fs.fsync),
  close: promisify(fs.close),
};
/** A file that nobody has written to for a day was left behind by a process that was killed. */
const LEFT_BEHIND_MS = 24 * 60 * 60 * 1000;

export interface TreeWrite {
  /** Directory for files that are being written, on the same file system. */
  readonly incoming: string;
  /** Directory that exists or can be made, and the safe relative path below it. */
  readonly root: string;
  readonly path: string;
  /** Verified bytes: whoever sees their end saw the right ones. */
  readonly bytes: Bytes;
  readonly executable?: true;
  /** Asked after everything is written, right before the file becomes visible; throws to keep it from that. */
  readonly last: () => Promise<void>;
}

/** Writes a file under a temporary name, syncs it, renames it and syncs the directory: under its final name it is whole or not there. */
export async function writeTreeFile(write: TreeWrite, run: Run): Promise<void> {
  const batch = openTreeBatch(write);
  await batch.write(write, run);
  await batch.settle();
}

/** Many files of one tree. */
export interface TreeBatch {
  /** As `writeTreeFile`, but the name is only durable after `settle`. Any number may be under way. */
  write(write: Omit<TreeWrite, 'incoming' | 'root'>, run: Run): Promise<void>;
  /** Names of a file that lies there already are made durable as well: who put it there may have been killed before he did. */
  keep(path: string): void;
  /** Syncs every directory with new names, each once. Also to be called after a failure: what is there then counts as loaded next time. */
  settle(): Promise<void>;
}

export function openTreeBatch({ incoming, root }: Pick<TreeWrite, 'incoming' | 'root'>): TreeBatch {
  const ways: Ways = { made: new Map(), unsynced: new Set() };
  let made: Promise<unknown> | undefined;
  return {
    async write(write, run) {
      made ??= mkdir(incoming, { recursive: true });
      await made.catch((error: unknown) => {
        throw treeError('make the directory', incoming, error);
      });
      await writeThrough({ ...write, incoming, root }, ways, run);
    },
    keep: (path) => void ways.unsynced.add(dirname(join(root, path))),
    async settle() {
      const directories = [...ways.unsynced];
      ways.unsynced.clear();
      const sync = (path: string): Promise<void> =>
        syncDirectory(path).catch((error: unknown) => {
          // Somebody tidied up what was on its way.
          if (errnoOf(error) === 'ENOENT' && path.startsWith(incoming)) return;
          throw treeError('sync', path, error);
        });
      await inLanes(directories, SYNC_LANES, sync, UNSTOPPED);
    },
  };
}

const SYNC_LANES = 4;
/** What lies there is made durable also for a run that was stopped. */
const UNSTOPPED: Run = { signal: new AbortController().signal, emit: () => {} };

/** Directories that were found or made, and those with names that are not durable yet. */
interface Ways {
  readonly made: Map<string, Promise<void>>;
  readonly unsynced: Set<string>;
}

async function writeThrough(write: TreeWrite, ways: Ways, run: Run): Promise<void> {
  const temporary = join(write.incoming, `${randomUUID()}.part`);
  const final = join(write.root, write.path);
  try {
    await writeSynced(temporary, write, run);
    await makeWays(write.root, write.path, ways);
    await write.last();
    await brief(
      () => fs.renameSync(temporary, final),
      () => rename(temporary, final),
    );
    ways.unsynced.add(dirname(final));
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw treeError('write', final, error);
  }
}

/** Removes what killed processes left in `incoming`. What cannot be removed is in nobody's way. */
export async function sweepIncoming(incoming: string, now: number = Date.now()): Promise<void> {
  const names = await readdir(incoming).catch(() => []);
  for (const name of names.filter((entry) => entry.endsWith('.part'))) {
    const path = join(incoming, name);
    const facts = await stat(path).catch(() => undefined);
    if (facts !== undefined && now - lastWrite(facts) > LEFT_BEHIND_MS) await unlink(path).catch(() => {});
  }
}

/** What has the time of all files is about to get its name: another process may be waiting for the disk to sync it. */
function lastWrite({ mtimeMs, ctimeMs }: Stats): number {
  return mtimeMs === FILE_TIME.getTime() ? ctimeMs : mtimeMs;
}

async function writeSynced(path: string, { bytes, executable }: TreeWrite, run: Run): Promise<void> {
  const mode = executable ? 0o755 : 0o644;
  const fd = await brief(
    () => fs.openSync(path, CREATE, mode),
    () => inThread.open(path, CREATE, mode),
  );
  try {
    for await (const chunk of bytes) {
      checkRun(run);
      await writeAll(fd, chunk);
    }
    await brief(
      () => fs.futimesSync(fd, FILE_TIME, FILE_TIME),
      () => inThread.futimes(fd, FILE_TIME, FILE_TIME),
    );
    await inThread.fsync(fd);
  } finally {
    await brief(
      () => fs.closeSync(fd),
      () => inThread.close(fd),
    );
  }
}

async function writeAll(fd: number, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) {
    const rest = chunk.byteLength - at;
    const write = async (): Promise<number> => (await inThread.write(fd, chunk, at, rest)).bytesWritten;
    at += rest > SHORT ? await write() : await brief(() => fs.writeSync(fd, chunk, at, rest), write);
  }
}

/** Makes the directories on the way, durably; what is there must be a real directory. */
export async function makeWay(root: string, path: string): Promise<void> {
  const ways: Ways = { made: new Map(), unsynced: new Set() };
  await makeWays(root, path, ways);
  for (const directory of ways.unsynced) await syncDirectory(directory);
}

async function makeWays(root: string, path: string, { made, unsynced }: Ways): Promise<void> {
  const once = (place: string, make: () => Promise<void>): Promise<void> => {
    const making = made.get(place) ?? make();
    made.set(place, making);
    return making;
  };
  await once(root, async () => void (await mkdir(root, { recursive: true })));
  let place = root;
  for (const part of path.split('/').slice(0, -1)) {
    const parent = place;
    place = join(place, part);
    await once(join(parent, part), async () => {
      if (await madeDirectory(join(parent, part))) unsynced.add(parent);
    });
  }
}

/** Was it not there? */
async function madeDirectory(place: string): Promise<boolean> {
  const facts = await factsOf(place);
  if (facts?.isDirectory()) return false;
  if (facts !== undefined) throw inTheWay(place);
  await mkdir(place).catch((error: unknown) => {
    if (errnoOf(error) !== 'EEXIST') throw error;
  });
  return true;
}

/** File systems that cannot sync a directory (some network mounts) say EINVAL or ENOTSUP; there a rename is all one can get. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    await directory.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error;
  }
}
