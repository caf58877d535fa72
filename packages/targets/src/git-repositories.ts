import type { BlobReader, GitPack, GitRef, Run } from '@gapferry/core';

/** What the embedded target needs of Git: bare repositories in directories that it names. */
export interface GitRepositories {
  /** Branches and tags, and the ref that HEAD points to. No refs when there is no repository in the directory. */
  readRefs(directory: string, run: Run): Promise<GitState>;
  /** Are all these objects there, with everything that they reach? False as well when there is no repository. */
  holds(directory: string, reach: GitReach, run: Run): Promise<boolean>;
  /** Which packs of a chain are not there yet, by what they build on: all of them when there is no repository. */
  neededPacks(directory: string, packs: readonly GitPack[], run: Run): Promise<readonly GitPack[]>;
  /** Makes the bare repository where there is none, indexes the packs in a quarantine, proves that they yield what the refs reach, and only then moves the
   *  objects in. Sets no ref. Throws `DIGEST_MISMATCH`, `BLOB_MISSING` or `CONTENT_INVALID` and leaves no object behind when the packs are not what they should be. */
  place(placement: GitPlacement, from: BlobReader, run: Run): Promise<{ readonly bytes: number }>;
  /** Reads what the refs reach back and hashes it. Throws `CONTENT_INVALID`, naming the item, unless all of it is there and right. */
  readBack(directory: string, reach: GitReach, item: string, run: Run): Promise<void>;
  /** All refs or none, in one transaction; HEAD after them. Throws `TARGET_CONFLICT` when a ref of the update is not as in `expected`. */
  updateRefs(directory: string, update: GitRefUpdate, run: Run): Promise<void>;
}

export interface GitState {
  readonly refs: readonly GitRef[];
  /** Whether that ref is there or not. */
  readonly head?: string;
  /** Where the history is cut; absent for a whole one. */
  readonly shallow?: readonly string[];
}

/** What has to be in a repository: everything that the refs reach, up to where the history is cut. */
export interface GitReach {
  readonly refs: readonly GitRef[];
  readonly shallow?: readonly string[];
}

export interface GitPlacement {
  /** Identity of the item, for messages. */
  readonly item: string;
  readonly directory: string;
  readonly objectFormat: 'sha1' | 'sha256';
  readonly refs: readonly GitRef[];
  /** In the order in which they must be indexed. */
  readonly packs: readonly GitPack[];
  readonly shallow?: readonly string[];
}

export interface GitRefUpdate extends GitReach {
  /** HEAD stays as it is when left out. */
  readonly head?: string;
  /** What the refs of the update are now; one that is not here must not be there. */
  readonly expected: readonly GitRef[];
}
