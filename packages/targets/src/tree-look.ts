import type { BigIntStats } from 'node:fs';
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { checkRun, type Digest, type Run, sha256 } from '@gapferry/core';
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

/** Reads and hashes the file at a safe relative path below `root`; undefined when nothing is there. No part of the way may be a link.
 *  Throws `TARGET_CONFLICT` for anything but a regular file in real directories. */
export async function seeFile(root: string, path: string, run: Run): Promise<SeenFile | undefined> {
  const facts = await factsAt(root, path);
  if (facts === undefined) return undefined;
  const isExecutable = (facts.mode & OWNER_RUNS) !== 0n;
  return {
    digest: await hashFile(join(root, path), Number(facts.size), run),
    identity: identify(facts),
    isExecutable,
  };
}

/** Who the file is, without reading it; undefined when nothing is there. */
export async function identityAt(root: string, path: string): Promise<string | undefined> {
  const facts = await factsAt(root, path);
  return facts && identify(facts);
}

export function identify({ dev, ino, size, mode, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mode, mtimeNs, ctimeNs].join('-');
}

/** Throws `TARGET_CONFLICT` for anything but a regular file in real directories. */
export async function factsAt(root: string, path: string): Promise<BigIntStats | undefined> {
  const parts = path.split('/');
  let place = root;
  for (const [i, part] of parts.entries()) {
    place = join(place, part);
    const facts = await factsOf(place);
    if (facts === undefined) return undefined;
    const last = i === parts.length - 1;
    if (last ? !facts.isFile() : !facts.isDirectory()) throw inTheWay(place);
    if (last) return facts;
  }
  return undefined;
}

export async function factsOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
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
