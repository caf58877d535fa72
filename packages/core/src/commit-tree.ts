import type {
  ArtifactFinding,
  ChartFinding,
  FindingPlace,
  GitFinding,
  ImageFinding,
  ReferenceFinding,
} from './discovery.ts';
import type { GitPin } from './pin.ts';
import type { Run } from './run.ts';

/** The files of one commit, or of several that have the same. */
export interface CommitTree {
  /** Pinned refs that lead to it, by their full names; HEAD's first, then sorted. None where only a commit does. */
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

/** Some of the trees that a pin leads to. */
export interface TreeChoice {
  /** Full names of pinned refs. */
  readonly refs: readonly string[];
  /** Ids of commits that pinned refs reach: full, or as much as no other such commit begins with. */
  readonly commits: readonly string[];
}

/** Reads what pinned refs hold, one distinct tree after the other, HEAD's first, those of commits last. What a ref names that has no files is left out. `only`: nothing but these.
 *  Throws `LIMIT_EXCEEDED` for more than it takes, `SOURCE_NOT_FOUND` for a ref that is not pinned and a commit that no pinned ref reaches, or a short id that means several (`data.revision` is the one that was asked for), and what fetching throws. */
export interface TreeReader {
  readTrees(pin: GitPin, run: Run, only?: TreeChoice): AsyncIterable<CommitTree>;
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

/** What points into a repository: to a directory of manifests, or to a chart that lies there (its `source` is from `git`). */
export type TreeEntry = GitFinding | ChartFinding;

/** Finds the images that a repository's manifests and kustomizations name, and what they point to. Values of a chart that it points to elsewhere are in line, or files of that chart; what else there
 *  is stands in `open`. Wired by the cli. */
export interface TreeDiscovery {
  /** `entries`: nothing but what they lead to is looked at, each in its revision (HEAD's where it names none). Absent: everything, in every pinned ref.
   *  Throws `SOURCE_NOT_FOUND` for an entry whose revision or path is not there, and what rendering a chart throws. */
  discover(pin: GitPin, run: Run, entries?: readonly TreeEntry[]): Promise<TreeFindings>;
}

/** The content of an artifact of Flux or Argo CD. */
export interface ArtifactContent {
  /** The item's id, and what the artifact is known as: `ghcr.io/org/manifests`. */
  readonly id: string;
  /** Its layer: tar, with or without gzip; digest checked. */
  readonly archive: Uint8Array;
}

/** Finds what an artifact's manifests name, as `TreeDiscovery` does of a repository. Wired by the cli. */
export interface ArtifactDiscovery {
  /** `entries`: nothing but the directories that they name. Throws `CONTENT_INVALID` and `LIMIT_EXCEEDED` for an archive that is refused, `SOURCE_NOT_FOUND` for a directory that is not there, and what
   *  rendering a chart throws. */
  discoverArtifact(
    content: ArtifactContent,
    run: Run,
    entries?: readonly ArtifactFinding[],
  ): Promise<TreeFindings>;
}
