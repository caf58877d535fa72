import { type FileContent, type FileName, GapferryError, type Load } from '@gapferry/core';
import type { LoadedRelease } from '../git-host/git-host.ts';
import type { ReleaseKeys } from '../s3/release-keys.ts';
import type { FileTree } from './file-tree.ts';
import type { TreeMemory } from './tree-memory.ts';

/** What a site says about the files that earlier releases of the channel left. */
export interface TreePolicy {
  /** Paths that stay from release to release: files that a release no longer has go. */
  readonly prune: boolean;
  /** Paths of their own for each release: how many releases stay, this one included; absent: all of them. */
  readonly keep?: number;
}

/** A file-tree target from within. */
export interface TreePlace {
  /** The target's name in the site file. */
  readonly target: string;
  readonly tree: FileTree;
  readonly keys: ReleaseKeys;
  /** Has each release paths of its own? */
  readonly isByRelease: boolean;
  readonly release: LoadedRelease;
  readonly policy: TreePolicy;
  /** Files that are looked at, or written, at a time. */
  readonly lanes: number;
  /** Contents on their way, by path. */
  readonly staging: Map<string, Promise<void>>;
  /** Begun anew by every survey. */
  memory: TreeMemory;
  /** Did an import of this very release begin to write there? Asked once. */
  hasBegun: Promise<boolean> | undefined;
  /** Room for the records is taken. */
  holding: Promise<void> | undefined;
  /** All names of the release, as the last survey saw them. */
  surveyed: readonly FileName[];
}

/** The directory below the root that is ours alone. */
export const HIDDEN = '.gapferry';
/** Lists the files of a release for `sha256sum -c`. */
export const SUMS = 'SHA256SUMS';

/** Where files wait until they get their names; each channel has its own. */
export function incomingOf({ release }: TreePlace): string {
  return `${HIDDEN}/incoming/${release.channel}`;
}

export function sumsOf({ keys }: TreePlace): string {
  return `${keys.prefix}${SUMS}`;
}

/** Throws `CONFIG_INVALID` for what is no file. */
export function toTreeFiles(load: Load, target: string): FileContent | FileName {
  if (load.kind === 'file') return load;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `the target ${target} cannot hold ${load.item}`,
    hint: 'it takes files: correct `takes` of the target in site.yaml',
    origin: 'site',
  });
}
