import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Bytes, checkRun, type Run } from '@gapferry/core';
import { errnoOf, inTheWay, treeError } from './tree-error.ts';
import { factsOf } from './tree-look.ts';

/** Every file gets this time: when it was loaded is in the ledger, and the same release makes the same tree. The first midnight that FAT can write. */
export const FILE_TIME: Date = new Date('1980-01-01T00:00:00Z');

const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
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
  await mkdir(write.incoming, { recursive: true }).catch((error: unknown) => {
    throw treeError('make the directory', write.incoming, error);
  });
  const temporary = join(write.incoming, `${randomUUID()}.part`);
  const final = join(write.root, write.path);
  try {
    await writeSynced(temporary, write, run);
    await makeWay(write.root, write.path);
    await write.last();
    await rename(temporary, final);
    await syncDirectory(dirname(final));
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
    if (facts !== undefined && now - facts.mtimeMs > LEFT_BEHIND_MS) await unlink(path).catch(() => {});
  }
}

async function writeSynced(path: string, { bytes, executable }: TreeWrite, run: Run): Promise<void> {
  await using file = await open(path, CREATE, executable ? 0o755 : 0o644);
  for await (const chunk of bytes) {
    checkRun(run);
    let at = 0;
    while (at < chunk.byteLength) at += (await file.write(chunk, at)).bytesWritten;
  }
  await file.utimes(FILE_TIME, FILE_TIME);
  await file.sync();
}

/** Makes the directories on the way, durably; what is there must be a real directory. */
export async function makeWay(root: string, path: string): Promise<void> {
  await mkdir(root, { recursive: true });
  let place = root;
  for (const part of path.split('/').slice(0, -1)) {
    const parent = place;
    place = join(place, part);
    const facts = await factsOf(place);
    if (facts?.isDirectory()) continue;
    if (facts !== undefined) throw inTheWay(place);
    await mkdir(place).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error;
    });
    await syncDirectory(parent);
  }
}

/** File systems that cannot sync a directory (some network mounts) say EINVAL or ENOTSUP; there a rename is all one can get. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    await using directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    await directory.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error;
  }
}
