import type { BlobReader, GitPack, GitRef, Run } from '@gapferry/core';

/** What the embedded target needs of Git: bare repositories in directories that it names. */
export interface GitRepositories {
  /** Undefined when there is no repository in the directory. */
  read(directory: string, run: Run): Promise<GitState | undefined>;
  /** Are all these objects there, with everything that they reach? False as well when there is no repository. */
  holds(directory: string, refs: readonly GitRef[], run: Run): Promise<boolean>;
  /** Makes the bare repository where there is none, indexes the packs in a quarantine, proves that they yield what the refs reach, and only then moves the
   *  objects in. Sets no ref. Throws `DIGEST_MISMATCH` or `CONTENT_INVALID` and leaves no object behind when the packs are not what they should be. */
  place(placement: GitPlacement, from: BlobReader, run: Run): Promise<void>;
  /** Reads every object that the refs reach and hashes it. Throws `DIGEST_MISMATCH` or `BLOB_MISSING`. */
  prove(directory: string, refs: readonly GitRef[], run: Run): Promise<void>;
  /** All refs or none, each only from its expected value, and HEAD when one is given. Throws `TARGET_CONFLICT` when a ref is not what was expected. */
  update(
    directory: string,
    updates: readonly GitRefUpdate[],
    head: string | undefined,
    run: Run,
  ): Promise<void>;
}

export interface GitState {
  /** Full ref name → object id. */
  readonly refs: ReadonlyMap<string, string>;
  /** The ref that HEAD points to, whether that ref is there or not. */
  readonly head?: string;
}

export interface GitPlacement {
  readonly directory: string;
  readonly objectFormat: 'sha1' | 'sha256';
  readonly refs: readonly GitRef[];
  /** In the order in which they must be indexed. */
  readonly packs: readonly GitPack[];
}

export interface GitRefUpdate extends GitRef {
  /** What the ref must be now; undefined: it must not be there. */
  readonly expected: string | undefined;
}
