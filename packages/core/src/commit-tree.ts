import type { FindingPlace, ImageFinding, ReferenceFinding } from './discovery.ts';
import type { GitPin } from './pin.ts';
import type { Run } from './run.ts';

/** The files of one commit, or of several that have the same. */
export interface CommitTree {
  /** Pinned refs that lead to it, by their full names; HEAD's first, then sorted. */
  readonly refs: readonly string[];
  /** Ids of the commits. */
  readonly commits: readonly string[];
  /** By path from the root, `/` between parts. No links, nothing of submodules. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What may hold manifests and is not among `files`, with the reason. */
  readonly leftOut: readonly LeftOut[];
}

export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

/** Reads what pinned refs hold, one distinct tree after the other, HEAD's first. What a ref names that has no files is left out.
 *  Throws `LIMIT_EXCEEDED` for more than it takes, and what fetching throws. */
export interface TreeReader {
  readTrees(pin: GitPin, run: Run): AsyncIterable<CommitTree>;
}

/** What the files of a repository name. */
export interface TreeFindings {
  readonly images: readonly ImageFinding[];
  /** What they point to: charts, repositories, artifacts. */
  readonly references: readonly ReferenceFinding[];
  /** What could not be followed, one sentence each. */
  readonly problems: readonly TreeFault[];
}

export interface TreeFault {
  readonly place: FindingPlace;
  readonly message: string;
}

/** Finds the images that a repository's manifests and kustomizations name, and what they point to. Wired by the cli. */
export interface TreeDiscovery {
  discover(pin: GitPin, run: Run): Promise<TreeFindings>;
}
