import type { BigIntStats } from 'node:fs';
import { constants, lstatSync } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { briefCalls, checkRun, type Digest, type Run, sha256 } from '@gapferry/core';
import { errnoOf, inTheWay, treeError } from './tree-error.ts';

/** A file of the tree as it was when somebody looked. */
export interface SeenFile {
  readonly digest: Digest;
  /** Changes when the file is replaced or written to. */
  readonly identity: string;
  /** May its owner run it? */
  readonly isExecutable: boolean;
}

/** O_NONBLOCK so that a FIFO put in place of a file cannot hang the opening. */
export const READ: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const CHUNK = 1 << 20;
const OWNER_RUNS = 0o100n;
const brief = briefCalls();

/** Reads and hashes the file at a safe relative path below `root`; undefined when nothing is there. No part of the way may be a link.
 *  Throws `TARGET_CONFLICT` for anything but a regular file in real directories. */
export async function seeFile(
  root: string,
  path: string,
  run: Run,
  walked?: WalkedDirectories,
): Promise<SeenFile | undefined> {
  const facts = await factsAt(root, path, walked);
  if (facts === undefined) return undefined;
  const isExecutable = (facts.mode & OWNER_RUNS) !== 0n;
  return {
    digest: await hashFile(join(root, path), Number(facts.size), run),
    identity: identify(facts),
    isExecutable,
  };
}

/** Who the file is, without reading it; undefined when nothing is there. */
export async function identityAt(
  root: string,
  path: string,
  walked?: WalkedDirectories,
): Promise<string | undefined> {
  const facts = await factsAt(root, path, walked);
  return facts && identify(facts);
}

export function identify({ dev, ino, size, mode, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mode, mtimeNs, ctimeNs].join('-');
}

/** Which directories of a tree are there: looked at once for all files of one step. */
export type WalkedDirectories = Map<string, Promise<boolean>>;

/** Throws `TARGET_CONFLICT` for anything but a regular file in real directories. */
export async function factsAt(
  root: string,
  path: string,
  walked: WalkedDirectories = new Map(),
): Promise<BigIntStats | undefined> {
  let place = root;
  for (const part of path.split('/').slice(0, -1)) {
    place = join(place, part);
    const there = walked.get(place) ?? isDirectoryThere(place);
    walked.set(place, there);
    if (!(await there)) return undefined;
  }
  const facts = await factsOf(join(root, path));
  if (facts !== undefined && !facts.isFile()) throw inTheWay(join(root, path));
  return facts;
}

async function isDirectoryThere(path: string): Promise<boolean> {
  const facts = await factsOf(path);
  if (facts !== undefined && !facts.isDirectory()) throw inTheWay(path);
  return facts !== undefined;
}

export async function factsOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await brief(
      () => lstatSync(path, { bigint: true }),
      () => lstat(path, { bigint: true }),
    );
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    if (errnoOf(error) === 'ENOTDIR') throw inTheWay(path);
    throw treeError('look at', path, error);
  }
}

async function hashFile(path: string, size: number, run: Run): Promise<Digest> {
  const hash = sha256();
  const buffer = new Uint8Array(Math.min(CHUNK, Math.max(size, 4096)));
  try {
    await using file = await open(path, READ);
    for (;;) {
      checkRun(run);
      const { bytesRead } = await file.read(buffer, 0, buffer.byteLength);
      if (bytesRead === 0) return hash.digest();
      hash.update(buffer.subarray(0, bytesRead));
    }
  } catch (error) {
    throw treeError('read', path, error);
  }
}
