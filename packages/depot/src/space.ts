import { join } from 'node:path';
import { isDigest, type SizedDigest } from '@gapferry/core';
import { type DepotPlace, factsOf, trouble } from './depot-place.ts';
import { blobsDirectory, partPath } from './layout.ts';
import { createReleaseReader } from './release-store.ts';

export interface DepotSpace {
  /** Bytes that this user can still write. */
  readonly free: number;
  /** Bytes that the smallest file occupies. */
  readonly blockSize: number;
  /** Bytes of the largest file the file system holds, where that is a limit one meets: 4 GiB − 1 on FAT32. */
  readonly largestFile?: number;
}

/** What a depot holds, in files and bytes. */
export interface DepotUsage {
  readonly blobs: Amount;
  /** Beginnings of blobs whose trip is not over. */
  readonly parts: Amount;
  readonly releases: number;
}

export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

/** linux/magic.h, MSDOS_SUPER_MAGIC: FAT12, FAT16 and FAT32. exFAT has another number and no such limit. */
const FAT = 0x4d44;

export async function measureSpace(place: DepotPlace): Promise<DepotSpace> {
  try {
    const { type, bsize, bavail } = await place.files.statfs(place.directory);
    return { free: bavail * bsize, blockSize: bsize, ...(type === FAT && { largestFile: 2 ** 32 - 1 }) };
  } catch (error) {
    throw trouble(place, 'ask the free space of', place.directory, error);
  }
}

export async function measureUsage(place: DepotPlace): Promise<DepotUsage> {
  const blobs = await amountIn(place, blobsDirectory(place.directory), isBlobName);
  const parts = await amountIn(place, join(place.directory, 'tmp'), isPartName);
  const releases = await createReleaseReader(place).listReleases();
  return { blobs, parts, releases: releases.length };
}

/** Bytes of a blob that an earlier trip left in `tmp`. */
export async function begunBytes(place: DepotPlace, blob: SizedDigest): Promise<number> {
  const facts = await factsOf(place, partPath(place.directory, blob.digest));
  return facts?.isFile() === true ? Math.min(facts.size, blob.size) : 0;
}

/** What a depot's directory holds at its top; the lock's files (with SQLite's journal while it is held) are the ledger package's. */
const OWN: ReadonlySet<string> = new Set([
  'blobs',
  'releases',
  'tmp',
  'oci-layout',
  'index.json',
  'lock.db',
  'lock.db-journal',
  'lock.json',
]);
const MAX_FOREIGN = 1000;

/** Names at the top of the depot's directory that are not the depot's, at most 1,000, sorted. Untrusted text. */
export async function foreignNames(place: DepotPlace): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of place.files.list(place.directory))
      if (!OWN.has(name) && names.push(name) === MAX_FOREIGN) break;
  } catch (error) {
    throw trouble(place, 'list', place.directory, error);
  }
  return names.sort();
}

export function isBlobName(name: string): boolean {
  return isDigest(`sha256:${name}`);
}

export function isPartName(name: string): boolean {
  return name.endsWith('.part') && isBlobName(name.slice(0, -'.part'.length));
}

async function amountIn(
  place: DepotPlace,
  directory: string,
  wanted: (name: string) => boolean,
): Promise<Amount> {
  let [count, bytes] = [0, 0];
  if ((await factsOf(place, directory)) === undefined) return { count, bytes };
  try {
    for await (const { name } of place.files.list(directory)) {
      const facts = wanted(name) ? await factsOf(place, join(directory, name)) : undefined;
      if (facts?.isFile() !== true) continue;
      count += 1;
      bytes += facts.size;
    }
  } catch (error) {
    throw trouble(place, 'list', directory, error);
  }
  return { count, bytes };
}
