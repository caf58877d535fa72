import type { TreeFault } from './commit-tree.ts';
import type { GitFinding } from './discovery.ts';
import type { GitPin } from './pin.ts';
import type { Run } from './run.ts';

/** The submodules of some commits of a repository. */
export interface Submodules {
  /** Each once, with `submodule`, and the commit that is checked out as its revision. Certain. */
  readonly references: readonly GitFinding[];
  /** What is no submodule to git either: a commit in a tree that `.gitmodules` has no entry for. */
  readonly problems: readonly TreeFault[];
  /** Which of the commits that were asked for no pinned ref reaches. */
  readonly unreached: readonly string[];
}

/** Reads which commits of other repositories a repository's commits have checked out (gitsubmodules(7), gitmodules(5)). Wired by the cli. */
export interface SubmoduleReader {
  /** `commits`: full ids, each held against the pinned refs; absent: the commits that the pinned refs name. A repository without `.gitmodules` is not brought for it.
   *  Throws `LIMIT_EXCEEDED` for more than anybody has, and what fetching throws. */
  readSubmodules(pin: GitPin, run: Run, commits?: readonly string[]): Promise<Submodules>;
  /** The pin with these commits besides its refs, sorted, and with what Git LFS keeps for them. Throws `SOURCE_NOT_FOUND` for one that no pinned ref reaches. */
  pinCommits(pin: GitPin, commits: readonly string[], run: Run): Promise<GitPin>;
}
