import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { access, chmod, lstat, open, rename, rm, rmdir, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Bytes, checkRun, GapferryError, printable, type Run } from '@gapferry/core';
import { requireDirectory } from '../require-directory.ts';
import { type Listings, requireSpelling } from '../strangers.ts';
import { errnoOf, treeError } from '../tree-error.ts';
import { factsAt, identify, READ } from '../tree-look.ts';
import { makeWay, openTreeBatch, sweepIncoming, type TreeBatch } from '../tree-write.ts';
import type { FileTree, TreeAmount, TreeFact, TreeMove, TreePath } from './file-tree.ts';
import { HIDDEN } from './tree-place.ts';

const OWNER_RUNS = 0o100n;
const CHUNK = 1 << 20;
const INCOMING = `${HIDDEN}/incoming`;
/** Magic numbers of file systems that keep no executable bit: FAT, exFAT, NTFS (the driver of the kernel). */
const WITHOUT_BITS: ReadonlySet<number> = new Set([0x4d44, 0x2011bab0, 0x7366746e]);

/** A directory of this machine that exists. No link in it is followed, and what is replaced is still what was looked at. */
export function localTree(root: string): FileTree {
  const writes = openWrites(root);
  const probe = probedOnce(root);
  const look: FileTree['look'] = async ({ path }) => toFact(await factsAt(root, path), await probe());
  const requireSame = async (at: TreePath, over: string | undefined, run: Run): Promise<void> => {
    if ((await look(at, run))?.tag !== over) throw changed(root, at);
  };
  const fresh = async (at: TreePath, run: Run): Promise<TreeFact> => {
    const fact = await look(at, run);
    if (fact === undefined) throw changed(root, at);
    return fact;
  };
  return {
    place: printable(root),
    addressOf: (path) => join(root, path),
    // Bytes rot on a disk without anybody writing to it.
    isRemote: false,
    probe: () => probe().then(() => ({ canMove: true })),
    requireRoom: (missing) => requireRoom(root, missing),
    requireSpelling: (paths) => requireSpellings(root, paths),
    look,
    open: ({ path }, fact, run) => readSame(join(root, path), fact, run),
    async put(at, { open: body }, over, run) {
      const bytes = told(body(), at, run);
      await writes.put({ path: at.path, bytes, last: () => requireSame(at, over, run) }, run);
      return await fresh(at, run);
    },
    async move(from, to, how, run) {
      const { keepsBits } = await probe();
      await moveFile(root, from.path, to.path, { ...how, keepsBits }, () => requireSame(to, how.over, run));
      writes.keep(to.path);
      return await fresh(to, run);
    },
    async remove({ path }) {
      await writes.renew();
      await removeFile(root, path);
    },
    async clear({ path }) {
      await writes.renew();
      await clearDirectory(root, path);
    },
  };
}

async function* told(bytes: Bytes, { item }: TreePath, run: Run): Bytes {
  for await (const chunk of bytes) {
    yield chunk;
    run.emit({ kind: 'bytes', item, bytes: chunk.byteLength });
  }
}

interface Writes extends Pick<TreeBatch, 'keep'> {
  put(write: Parameters<TreeBatch['write']>[0], run: Run): Promise<void>;
  /** Before directories go that a batch remembers. */
  renew(): Promise<void>;
}

/** Names of what is on its way, and of what was moved, are made durable together; before what tells of them, which must not last longer than they do. */
function openWrites(root: string): Writes {
  const incoming = join(root, INCOMING);
  let batch = openTreeBatch({ incoming, root });
  return {
    keep: (path) => batch.keep(path),
    async put(write, run) {
      const isOnItsWay = write.path.startsWith(`${INCOMING}/`);
      if (!isOnItsWay) await batch.settle();
      // Another import that came to its end takes away what is on its way, and the directories with it.
      await makeWay(root, isOnItsWay ? write.path : `${INCOMING}/x`);
      await batch.write(write, run);
      if (!isOnItsWay) await batch.settle();
    },
    async renew() {
      await batch.settle();
      batch = openTreeBatch({ incoming, root });
    },
  };
}

interface Probed {
  readonly keepsBits: boolean;
}

function probedOnce(root: string): () => Promise<Probed> {
  let probed: Promise<Probed> | undefined;
  return () => {
    probed ??= probeRoot(root).catch((error: unknown) => {
      probed = undefined;
      throw error;
    });
    return probed;
  };
}

function toFact(facts: BigIntStats | undefined, { keepsBits }: Probed): TreeFact | undefined {
  if (facts === undefined) return undefined;
  const executable = (facts.mode & OWNER_RUNS) !== 0n;
  return { size: Number(facts.size), tag: identify(facts), ...(keepsBits && { executable }) };
}

async function probeRoot(root: string): Promise<Probed> {
  await requireDirectory(root);
  try {
    await access(root, constants.W_OK | constants.X_OK);
    // It may be a link by now.
    await factsAt(root, `${INCOMING}/x`);
    await sweepIncoming(join(root, INCOMING));
    return { keepsBits: !WITHOUT_BITS.has((await statfs(root)).type) };
  } catch (error) {
    throw treeError('write to', root, error);
  }
}

async function requireRoom(root: string, { files, bytes }: TreeAmount): Promise<void> {
  const disk = await statfs(root).catch((error: unknown) => {
    throw treeError('look at', root, error);
  });
  const free = disk.bavail * disk.bsize;
  if (bytes > free) throw noRoom(root, `has ${free} bytes free, and ${bytes} are to come`, free, bytes);
  // Where they are made as they are needed, the file system counts none.
  const inodes = disk.files === 0 ? Number.POSITIVE_INFINITY : disk.ffree;
  if (files > inodes)
    throw noRoom(root, `takes ${inodes} more files (inodes), and ${files} are to come`, inodes, files);
}

function noRoom(root: string, why: string, free: number, missing: number): GapferryError {
  return new GapferryError({
    code: 'NO_SPACE',
    message: `${printable(root)} ${why}`,
    hint: 'make room there; nothing was written',
    origin: 'target',
    data: { path: root, free, missing },
  });
}

async function requireSpellings(root: string, paths: readonly TreePath[]): Promise<void> {
  const listings: Listings = new Map();
  for (const { path, item } of paths) await requireSpelling(root, path, item, listings);
}

async function* readSame(path: string, fact: TreeFact, run: Run): Bytes {
  const buffer = new Uint8Array(Math.min(CHUNK, Math.max(fact.size, 4096)));
  try {
    await using file = await open(path, READ);
    if (identify(await file.stat({ bigint: true })) !== fact.tag) throw changedWhile(path);
    for (;;) {
      checkRun(run);
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw treeError('read', path, error);
  }
}

async function moveFile(
  root: string,
  from: string,
  to: string,
  { executable, keepsBits }: TreeMove & { readonly keepsBits: boolean },
  last: () => Promise<void>,
): Promise<void> {
  const [source, final] = [join(root, from), join(root, to)];
  try {
    await makeWay(root, to);
    await factsAt(root, from);
    if (keepsBits) await chmod(source, executable ? 0o755 : 0o644);
    await last();
    await rename(source, final);
  } catch (error) {
    throw treeError('write', final, error);
  }
}

/** With the directories that are empty then. */
async function removeFile(root: string, path: string): Promise<void> {
  const full = join(root, path);
  try {
    if ((await factsAt(root, path)) === undefined) return;
    await unlink(full);
    for (let above = dirname(full); above.length > root.length; above = dirname(above)) await rmdir(above);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errnoOf(error) ?? '')) return;
    throw treeError('remove', full, error);
  }
}

/** What cannot be removed is in nobody's way. */
async function clearDirectory(root: string, path: string): Promise<void> {
  let place = root;
  for (const part of path.split('/')) {
    place = join(place, part);
    const facts = await lstat(place).catch(() => undefined);
    if (!facts?.isDirectory()) return;
  }
  await rm(place, { recursive: true, force: true }).catch(() => {});
}

function changed(root: string, { path, item }: TreePath): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${item}: ${printable(join(root, path))} changed while it was being loaded`,
    hint: 'look at it, then plan again',
    origin: 'target',
    data: { item, path },
  });
}

function changedWhile(path: string): GapferryError {
  return new GapferryError({
    code: 'STORAGE_FAILED',
    message: `${printable(path)} changed while it was read`,
    hint: 'find out who writes there, then run the command again',
    origin: 'target',
    data: { path },
  });
}
