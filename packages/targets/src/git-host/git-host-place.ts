import {
  type BlobReader,
  GapferryError,
  type GitContent,
  type GitRef,
  type GitRefs,
  type Load,
} from '@gapferry/core';
import type { GitHost, HostJudgement, LoadedRelease, RefsPolicy } from './git-host.ts';
import type { GitRemotes, StagedRepository } from './git-remotes.ts';
import type { LfsStore } from './lfs-store.ts';
import type { ProtectionLifts } from './protection-lifts.ts';
import type { RepositoryMemory } from './repository-memory.ts';

/** A Git host target from within. */
export interface GitHostPlace {
  /** The target's name in the site file. */
  readonly target: string;
  readonly host: GitHost;
  readonly remotes: GitRemotes;
  readonly policy: RefsPolicy;
  readonly release: LoadedRelease;
  /** Absent: the target takes no repositories with files that Git LFS keeps. */
  readonly lfs?: LfsStore;
  readonly lifts: ProtectionLifts;
  /** The site goes back to an older release. */
  readonly goesBack?: boolean;
  /** Begun anew by every survey. */
  memory: RepositoryMemory;
  /** Of what would change, asked once in a survey. */
  judgement?: Promise<HostJudgement> | undefined;
}

export type GitLoad = GitContent | GitRefs;

/** Throws `CONFIG_INVALID` for what is no repository. */
export function toGit(load: Load, target: string): GitLoad {
  if (load.kind === 'git') return load;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `the Git host ${target} cannot hold ${load.item}`,
    hint: 'a Git host takes repositories: correct `takes` of the target in site.yaml',
    origin: 'site',
  });
}

export function distinctIds(refs: readonly GitRef[]): string[] {
  return [...new Set(refs.map(({ oid }) => oid))];
}

export type { BlobReader, StagedRepository };
