import type { Attachment } from './attachment.ts';
import type { BlobReader } from './blobs.ts';
import type { Descriptor, SizedDigest } from './descriptor.ts';
import type { GitPack } from './holding.ts';
import type { GitRef } from './pin.ts';
import type { RepositoryAbout } from './repository-about.ts';
import type { Run } from './run.ts';

/** One thing a target is asked to hold. `content` loads make bytes present and visible to nobody; `name` loads make them visible.
 *  The importer does every content load of every target, reads them back (the barrier), and only then the names: images, charts, Git refs, files. */
export type Load = OciContent | GitContent | FileContent | OciTag | GitRefs | FileName;
export type ContentLoad = OciContent | GitContent | FileContent;
export type NameLoad = OciTag | GitRefs | FileName;

interface LoadBase {
  /** Identity of the item the load belongs to, for messages and the record. */
  readonly item: string;
}

/** Blobs and manifests by digest, children before parents. */
export interface OciContent extends LoadBase {
  readonly phase: 'content';
  readonly kind: 'oci';
  /** `host/path` as mapped for the target. */
  readonly repository: string;
  readonly root: Descriptor;
  /** Everything reached from `root` and from the attachments, roots included. */
  readonly blobs: readonly SizedDigest[];
  /** What belongs to the content and goes with it, each after its subject: without a name where its own manifest names the subject; the tag of another is a name load. */
  readonly attachments?: readonly Attachment[];
}

/** Objects without refs. */
export interface GitContent extends LoadBase {
  readonly phase: 'content';
  readonly kind: 'git';
  readonly repository: string;
  /** URL of the repository upstream, for whoever looks at the copy. */
  readonly source?: string;
  readonly objectFormat: 'sha1' | 'sha256';
  readonly refs: readonly GitRef[];
  readonly packs: readonly GitPack[];
  /** Commits whose parents were cut off; absent for a whole history. A target that cannot hold such a one says so when it inspects. */
  readonly shallow?: readonly string[];
  /** Files that Git LFS keeps for the repository; absent when there are none. */
  readonly lfs?: readonly SizedDigest[];
}

/** One file, or a directory as a whole. */
interface FileLoad {
  readonly kind: 'file';
  /** The item's id: of a directory with a slash at the end. */
  readonly path: string;
  /** Where it came from, as the manifest says it: a URL or `local`; for whoever looks at the copy. */
  readonly source?: string;
  /** At least one, sorted by path: the file itself, or all files of the directory. */
  readonly files: readonly LoadFile[];
}

export interface LoadFile {
  /** Below the files of a release, safe on every file system; of a directory's file it begins with the path of the load. */
  readonly path: string;
  readonly root: Descriptor;
  /** Only files of directories are; whoever keeps no such bit leaves it out. */
  readonly executable?: true;
}

/** The bytes of files, each once. */
export interface FileContent extends LoadBase, FileLoad {
  readonly phase: 'content';
}

/** What a name stands for at a target: `{digest: 'sha256:…'}` for a tag or a file, `{'refs/heads/main': '<oid>', …}` for Git refs, `{'<path>': 'sha256:…', …}` for a directory. */
export type NameState = Readonly<Record<string, string>>;

interface NameBase extends LoadBase {
  readonly phase: 'name';
  /** What the plan saw there and may be replaced. A target that finds anything else (neither this, nor absent, nor the wanted state) throws `TARGET_CONFLICT`. */
  readonly replaces?: NameState;
}

export interface OciTag extends NameBase {
  readonly kind: 'oci';
  /** `attachment`: a tag like `sha256-<hex>.sig`. */
  readonly of: 'image' | 'chart' | 'attachment';
  readonly repository: string;
  /** Absent for an item that is only pinned by digest: then the name is the digest itself. */
  readonly tag?: string;
  readonly root: Descriptor;
}

export interface GitRefs extends NameBase {
  readonly kind: 'git';
  readonly repository: string;
  readonly refs: readonly GitRef[];
  readonly head?: string;
  /** As for the content. */
  readonly shallow?: readonly string[];
  /** URL of the repository upstream, for whoever looks at the copy. */
  readonly source?: string;
  /** Refs that the load does not name and that go, with what the plan saw there: an earlier release left them, and the target's policy wants them gone. */
  readonly prunes?: NameState;
  /** What upstream's host says of the repository: in a plan as much as the target takes, absent where it takes nothing. */
  readonly about?: RepositoryAbout;
  /** What the channel set there before, or meant to: nothing else of what stands there is replaced. */
  readonly aboutLeft?: readonly RepositoryAbout[];
}

export interface FileName extends NameBase, FileLoad {
  /** Files below a directory's path that the load does not name and that go, as for Git refs. */
  readonly prunes?: NameState;
}

/** What a target holds now in the place of a load. `missingBytes`: what would have to be sent. */
export type Presence = Absent | Same | Different;

export interface Absent extends GitOutlook {
  readonly state: 'absent';
  readonly missingBytes: number;
  /** What is made first where it is missing, and holds other loads as well: `project docker.io (private)`. */
  readonly makes?: string;
  /** Of a name: all of it stands there as it should, and only what tells of releases (an index, a list of checksums) does not have it yet. */
  readonly stands?: true;
}

export interface Same extends GitOutlook {
  readonly state: 'same';
}

export interface Different extends GitOutlook {
  readonly state: 'different';
  /** What is there. For Git and directories only refs and files that the load names and that are there. */
  readonly there: NameState;
  readonly missingBytes: number;
}

/** What a Git host says of a load beyond what stands there. */
export interface GitOutlook {
  /** Files of Git LFS that would be sent; absent when there are none. */
  readonly lfs?: number;
  /** What would be done to refs, sorted by name; only by targets that can tell. */
  readonly changes?: readonly RefChange[];
  /** Refs that the load does not name and that the target's policy lets go, where they are the channel's own. */
  readonly prunable?: readonly RefChange[];
  /** The default branch there and that of the load, full names, where they differ; absent where there are no refs yet. */
  readonly head?: HeadChange;
  /** What upstream's host says of the repository, as far as the target takes it, and what stands there; absent where both are nothing. */
  readonly about?: { readonly wanted: RepositoryAbout; readonly there: RepositoryAbout };
}

/** `from` is absent where there is none. */
export interface HeadChange {
  readonly from?: string;
  readonly to: string;
}

/** What loading does to one ref. `forward`: nothing is lost. `force`: commits that only stood there are kept under `backup` alone. */
export interface RefChange {
  readonly ref: string;
  readonly how: 'create' | 'forward' | 'force' | 'move-tag' | 'prune';
  /** Object id there. */
  readonly from?: string;
  /** How many commits a branch gains; where it is known. */
  readonly commits?: number;
  /** The ref under which the target keeps what stood there. */
  readonly backup?: string;
  /** The host's rule that is lifted for the push and restored after it. */
  readonly lifts?: string;
  /** Why it is not done: the target's policy, or a rule of the host. Nothing of the release is loaded then. */
  readonly refused?: string;
}

/** A place that a release is loaded into. */
export interface Target {
  readonly name: string;
  /** Looks only. */
  inspect(load: Load, run: Run): Promise<Presence>;
  /** Idempotent: loading what is there changes nothing. Content is hashed again while it is written. Throws `TARGET_CONFLICT` instead of replacing what `replaces` does not name. */
  load(load: Load, from: BlobReader, run: Run): Promise<LoadOutcome>;
  /** The barrier: reads the content of a load back from the target and proves it. Throws `DIGEST_MISMATCH` or `BLOB_MISSING`. */
  readBack(load: ContentLoad, run: Run): Promise<void>;
}

export interface LoadOutcome {
  readonly state: 'loaded' | 'same';
  /** Bytes that were sent. */
  readonly bytes: number;
  /** What the target's own scanner said of an image, where the site waits for it. */
  readonly scan?: ScanSummary;
}

/** `unfinished`: not in the time that the site gives it. */
export interface ScanSummary {
  readonly status: 'done' | 'failed' | 'unfinished';
  /** The worst, in the scanner's words: `High`. */
  readonly severity?: string;
  /** Vulnerabilities, and those of them for which there is a newer version. */
  readonly total?: number;
  readonly fixable?: number;
  /** How many of each severity. */
  readonly bySeverity?: Readonly<Record<string, number>>;
}
