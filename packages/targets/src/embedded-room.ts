import { statfs } from 'node:fs/promises';
import {
  type ContentLoad,
  type FileName,
  isDirectoryLoad,
  type Load,
  type NameLoad,
  type Presence,
  type Room,
  type Run,
  totalSize,
  uniqueByDigest,
} from '@gapferry/core';
import { blobsOf, missingOf } from './blob-content.ts';
import type { EmbeddedStore } from './embedded-store.ts';
import { treeError } from './tree-error.ts';

export interface RoomPlace {
  /** Root of the embedded depot. */
  readonly tree: string;
  readonly store: EmbeddedStore;
  /** What the survey saw of each load. */
  readonly seen: WeakMap<Load, Presence>;
}

/** What loading takes on the disk of an embedded depot: each missing blob once, packs, and a copy of every file that becomes visible under another content than now. */
export async function embeddedRoom(
  { tree, store, seen }: RoomPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<Room> {
  const contents = wanted.filter((load) => load.phase === 'content');
  const names = wanted.filter((load) => load.phase === 'name');
  const missing = await missingOf(store, uniqueByDigest(contents.flatMap(blobsOf)), run);
  const needed =
    totalSize(missing) +
    contents.reduce((sum, load) => sum + packBytes(load, seen.get(load)), 0) +
    names.reduce((sum, load) => sum + copyBytes(load, seen.get(load)), 0);
  const disk = await statfs(tree).catch((error: unknown) => {
    throw treeError('look at', tree, error);
  });
  return { on: tree, needed, free: disk.bavail * disk.bsize };
}

/** Those of Git LFS are blobs. */
function packBytes(load: ContentLoad, presence: Presence | undefined): number {
  if (load.kind !== 'git' || presence === undefined || presence.state === 'same') return 0;
  return Math.min(presence.missingBytes, totalSize(load.packs));
}

/** Files are copied beside what they replace. */
function copyBytes(load: NameLoad, presence: Presence | undefined): number {
  if (load.kind !== 'file' || presence === undefined || presence.state === 'same') return 0;
  const there = presence.state === 'different' ? presence.there : {};
  return totalSize(
    load.files.filter(({ path, root }) => there[keyOf(load, path)] !== root.digest).map(({ root }) => root),
  );
}

function keyOf(load: FileName, path: string): string {
  return isDirectoryLoad(load) ? path : 'digest';
}
