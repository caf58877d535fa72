import type { Attachment } from './attachment.ts';
import type { Descriptor, SizedDigest } from './descriptor.ts';
import type { Digest } from './digest.ts';
import type { NamedBy } from './discovery.ts';
import type { RepositoryAbout } from './repository-about.ts';
import type { ImagePlace } from './wish.ts';

/** What a wish was found to be: an immutable identity. A lock is a list of pins. */
export type Pin = ImagePin | ChartPin | GitPin | FilePin;

interface PinBase {
  /** The item's identity in a release: the full upstream name. Unique per kind. */
  readonly id: string;
  /** `wishDigest` of the wish this pin answers. */
  readonly wish: Digest;
}

export interface ImagePin extends PinBase {
  readonly kind: 'image';
  /** What upstream serves under the tag or digest: an index or an image manifest, before any platform filter. */
  readonly root: Descriptor;
  /** As in the wish. */
  readonly platforms: readonly string[];
  /** As in the wish. */
  readonly attestations?: 'drop';
  /** As in the wish. */
  readonly from?: ImagePlace;
  /** What was found to belong to the image and is wanted, sorted by `byAttachment`; absent when there is none. */
  readonly attachments?: readonly Attachment[];
  /** Which items' content names the image, sorted by `byNaming`; absent when nothing was found that does. An image that no wish of the bundle wants is there because of these. */
  readonly namedBy?: readonly NamedBy[];
}

/** `version` is the exact version that a range was resolved to. */
export type ChartPin = OciChartPin | RepositoryChartPin | LocalChartPin;

interface ChartPinBase extends PinBase {
  readonly kind: 'chart';
  /** `renderingDigest` of what the chart was rendered with when the images that it names were found; absent where they were not looked for. */
  readonly rendered?: Digest;
  /** Which items' content points to it, sorted by `byNaming`; absent when nothing was found that does. A chart that no wish of the bundle wants is there because of these. */
  readonly namedBy?: readonly NamedBy[];
}

export interface OciChartPin extends ChartPinBase {
  readonly from: 'oci';
  readonly name: string;
  readonly version: string;
  /** The chart's OCI manifest. */
  readonly root: Descriptor;
  /** What was found to belong to the chart, sorted by `byAttachment`; absent when there is none. */
  readonly attachments?: readonly Attachment[];
}

export interface RepositoryChartPin extends ChartPinBase {
  readonly from: 'repository';
  readonly name: string;
  readonly version: string;
  /** Absolute URL of the archive, without credentials. */
  readonly url: string;
  /** sha256 of the archive (`digest` of index.yaml, or computed where the index has none). */
  readonly archive: Digest;
}

export interface LocalChartPin extends ChartPinBase {
  readonly from: 'local';
  readonly name: string;
  readonly version: string;
  /** As in the wish. */
  readonly path: string;
  /** sha256 of the archive, or of the one that a directory is packed into. */
  readonly archive: Digest;
}

export interface GitRef {
  /** Full name: `refs/heads/main`, `refs/tags/v1.0`. */
  readonly name: string;
  /** Object id, 40 (sha1) or 64 (sha256) lower-case hex digits. For an annotated tag the tag object's. */
  readonly oid: string;
}

/** A file of a repository that Git LFS keeps beside it (git-lfs docs/spec.md): the repository has a pointer with these two. */
export interface LfsObject {
  /** sha256 of the file. */
  readonly oid: Digest;
  /** Bytes of the file, a safe integer ≥ 0. */
  readonly size: number;
}

export interface GitPin extends PinBase {
  readonly kind: 'git';
  readonly url: string;
  readonly objectFormat: 'sha1' | 'sha256';
  /** Sorted by name. */
  readonly refs: readonly GitRef[];
  /** The ref HEAD points to, where it is one of `refs`. */
  readonly head?: string;
  /** As in the wish. */
  readonly depth?: number;
  /** What the pinned refs point to in Git LFS, each once, sorted by `oid`; absent when there is nothing. */
  readonly lfs?: readonly LfsObject[];
  /** `lfs` of the wish. */
  readonly lfsOf?: 'all' | 'none';
  /** Commits that other repositories have as a submodule, full ids, sorted, each reached by a pinned ref; absent when there is none. They count for `lfs` as the refs do. */
  readonly commits?: readonly string[];
  /** What its host says of it; absent where that is nothing, or where nobody asked. */
  readonly about?: RepositoryAbout;
  /** Which items' content points to it, sorted by `byNaming`; absent when nothing was found that does. A repository that no wish of the bundle wants is there because of these. */
  readonly namedBy?: readonly NamedBy[];
}

/** The id of a directory ends with a slash. */
export type FilePin = UrlFilePin | BucketDirectoryPin | AptDirectoryPin | LocalFilePin | LocalDirectoryPin;

export interface UrlFilePin extends PinBase {
  readonly kind: 'file';
  readonly url: string;
  readonly sha256: Digest;
  /** Bytes; where they had to be counted to find the sha256. */
  readonly size?: number;
  /** Of an asset of a release: the version that the range was found to be. */
  readonly version?: string;
  /** The mirror that alone said what the file is; absent where its own place did, a given digest, or a signature. */
  readonly mirror?: string;
}

/** What lies below a prefix of a bucket. */
export interface BucketDirectoryPin extends PinBase {
  readonly kind: 'file';
  /** `urlOfPrefix` of the wish. */
  readonly url: string;
  /** As for a directory on this machine. */
  readonly files: Digest;
}

/** One state of a suite of an APT repository, and what was chosen of it. */
export interface AptDirectoryPin extends PinBase {
  readonly kind: 'file';
  /** `aptSuiteUrl` of the wish. */
  readonly url: string;
  /** InRelease, or Release where there is none. */
  readonly release: SizedDigest;
  /** Release.gpg, where that is its signature. */
  readonly signature?: SizedDigest;
  /** As for a directory on this machine. */
  readonly files: Digest;
}

export interface LocalFilePin extends PinBase {
  readonly kind: 'file';
  /** As in the wish. */
  readonly path: string;
  readonly sha256: Digest;
}

export interface LocalDirectoryPin extends PinBase {
  readonly kind: 'file';
  /** As in the wish. */
  readonly path: string;
  /** sha256 of the canonical JSON of the list of its files, `DirectoryFile`, sorted by path. */
  readonly files: Digest;
}
