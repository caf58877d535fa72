import { constants } from 'node:fs';
import { access, chmod, lstat, open, rename, rm, rmdir, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Bytes, checkRun, GapferryError, printable, type Run } from '@gapferry/core';
import { type Listings, requireSpelling } from '../strangers.ts';
import { errnoOf, treeError } from '../tree-error.ts';
import { factsAt, identify, READ } from '../tree-look.ts';
import { makeWay, openTreeBatch, sweepIncoming } from '../tree-write.ts';
import type { FileTree, TreeFact, TreeMove, TreePath } from './file-tree.ts';
import { HIDDEN } from './tree-place.ts';

const OWNER_RUNS = 0o100n;
const CHUNK = 1 << 20;
const INCOMING = `${HIDDEN}/incoming`;
/** Magic numbers of file systems that keep no executable bit: FAT, exFAT, NTFS (the driver of the kernel). */
const WITHOUT_BITS: ReadonlySet<number> = new Set([0x4d44, 0x2011bab0, 0x7366746e]);

/** A directory of this machine that exists. No link in it is followed, and what is replaced is still what was looked at. */
export function localTree(root: string): FileTree {
  const incoming = join(root, INCOMING);
  let batch = openTreeBatch({ incoming, root });
  /** A batch remembers directories, and some are about to go. */
  const renewBatch = async (): Promise<void> => {
    await batch.settle();
    batch = openTreeBatch({ incoming, root });
  };
  let probed: Promise<{ readonly keepsBits: boolean }> | undefined;
  const probe = (): Promise<{ readonly keepsBits: boolean }> => {
    probed ??= probeRoot(root, incoming).catch((error: unknown) => {
      probed = undefined;
      throw error;
    });
    return probed;
  };
  const look: FileTree['look'] = async ({ path }) => {
    const { keepsBits } = await probe();
    const facts = await factsAt(root, path);
    if (facts === undefined) return undefined;
    const executable = (facts.mode & OWNER_RUNS) !== 0n;
    return { size: Number(facts.size), tag: identify(facts), ...(keepsBits && { executable }) };
  };
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
    // Bytes rot on a disk without anybody writing to it.
    isRemote: false,
    probe: async () => {
      await probe();
      return { canMove: true };
    },
    requireRoom: (bytes) => requireRoom(root, bytes),
    requireSpelling: (paths) => requireSpellings(root, paths),
    look,
    open: ({ path }, fact, run) => readSame(join(root, path), fact, run),
    async put(at, { open: body }, over, run) {
      const isOnItsWay = at.path.startsWith(`${INCOMING}/`);
      // What tells of others must not last longer than they do.
      if (!isOnItsWay) await batch.settle();
      await makeWay(root, `${INCOMING}/x`);
      await batch.write({ path: at.path, bytes: body(), last: () => requireSame(at, over, run) }, run);
      if (!isOnItsWay) await batch.settle();
      return await fresh(at, run);
    },
    async move(from, to, how, run) {
      const { keepsBits } = await probe();
      await moveFile(root, from.path, to.path, { ...how, keepsBits }, () => requireSame(to, how.over, run));
      batch.keep(to.path);
      return await fresh(to, run);
    },
    async remove({ path }) {
      await renewBatch();
      await removeFile(root, path);
    },
    async clear({ path }) {
      await renewBatch();
      await clearDirectory(root, path);
    },
  };
}

async function probeRoot(root: string, incoming: string): Promise<{ readonly keepsBits: boolean }> {
  const facts = await stat(root).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') throw noDirectory(root, 'there is no such directory');
    throw treeError('look at', root, error);
  });
  if (!facts.isDirectory()) throw noDirectory(root, 'it is no directory');
  try {
    await access(root, constants.W_OK | constants.X_OK);
    await sweepIncoming(incoming);
    return { keepsBits: !WITHOUT_BITS.has((await statfs(root)).type) };
  } catch (error) {
    throw treeError('write to', root, error);
  }
}

/** A place that is not mounted looks like this too: nothing is made. */
function noDirectory(root: string, why: string): GapferryError {
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: `${printable(root)} cannot be used: ${why}`,
    hint: 'make the directory, or mount what belongs there; gapferry does not make it',
    origin: 'site',
    data: { path: root },
  });
}

async function requireRoom(root: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(root).catch((error: unknown) => {
    throw treeError('look at', root, error);
  });
  const free = bavail * bsize;
  if (bytes <= free) return;
  throw new GapferryError({
    code: 'NO_SPACE',
    message: `${printable(root)} has ${free} bytes free, and ${bytes} are to come`,
    hint: 'make room there; nothing was written',
    origin: 'target',
    data: { path: root, free, missing: bytes },
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
