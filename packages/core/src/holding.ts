import type { Attachment } from './attachment.ts';
import type { ContentDate } from './content.ts';
import type { Descriptor, SizedDigest } from './descriptor.ts';
import type { FileCheck } from './file-check.ts';
import type { GitCheck } from './git-signatures.ts';
import type { ChartPin, FilePin, GitPin, GitRef, ImagePin } from './pin.ts';
import type { UpstreamCheck } from './upstream.ts';

/** What a source put into the depot for one pin: everything `assemble` needs to know, and nothing about where it lies. */
export type Holding = ImageHolding | ChartHolding | GitHolding | FileHolding;

export interface ImageHolding {
  readonly kind: 'image';
  readonly pin: ImagePin;
  /** What the inside gets under the image's name: the pin's root, or the filtered index made from it. */
  readonly root: Descriptor;
  /** Everything reached from `root` and from the attachments, roots included. */
  readonly blobs: readonly SizedDigest[];
  /** Platforms in `root`, sorted. */
  readonly platforms: readonly string[];
  /** The upstream index as it came, kept as a record when `root` is a filtered index. */
  readonly upstreamIndex?: Descriptor;
  /** What belongs to the image and was brought with it, sorted by `byAttachment`. Those about the upstream index are a record, as it is. */
  readonly attachments?: readonly Attachment[];
  /** Which demands of the wish upstream's signatures met. */
  readonly checked?: readonly UpstreamCheck[];
  /** How fresh it is, where it is content that grows old. */
  readonly content?: ContentDate;
}

export interface ChartHolding {
  readonly kind: 'chart';
  readonly pin: ChartPin;
  /** An OCI manifest with Helm's media types; for a chart from a classic repository the one `helm push` would make. */
  readonly root: Descriptor;
  /** Everything reached from `root` and from the attachments, roots included. */
  readonly blobs: readonly SizedDigest[];
  /** The `.tgz`, byte-identical to upstream. */
  readonly archive: Descriptor;
  /** As for images. */
  readonly attachments?: readonly Attachment[];
  /** As for images. */
  readonly checked?: readonly UpstreamCheck[];
}

/** One Git pack in the depot. */
export interface GitPack extends SizedDigest {
  /** Commits that must be there before this pack can be indexed; empty for a base pack. */
  readonly prerequisites: readonly string[];
  /** Number of the release of the channel that carried it first; absent while that release is being made. */
  readonly since?: number;
}

/** What carried a Git repository in an earlier release. */
export interface GitCarriage {
  /** Every one of them is in the depot. */
  readonly packs: readonly GitPack[];
  /** What they yield. */
  readonly refs: readonly GitRef[];
}

export interface GitHolding {
  readonly kind: 'git';
  readonly pin: GitPin;
  /** In the order in which they must be indexed. Together they yield every object that the pin's refs reach. */
  readonly packs: readonly GitPack[];
  /** Commits whose parents were cut off (gitrepository-layout, `shallow`), sorted; absent for a whole history. */
  readonly shallow?: readonly string[];
  /** Whose signatures met the wish's demands on which refs; absent where there are none. */
  readonly checked?: readonly GitCheck[];
  /** The tags and commits that were checked, as one blob; there is one with `checked` only. */
  readonly signed?: Descriptor;
}

export type FileHolding = SingleFileHolding | DirectoryHolding;

export interface SingleFileHolding {
  readonly kind: 'file';
  readonly pin: FilePin;
  readonly root: Descriptor;
  /** What the file was held against; absent: nothing. */
  readonly checked?: readonly FileCheck[];
  /** As for images. */
  readonly content?: ContentDate;
}

export interface DirectoryHolding {
  readonly kind: 'file';
  readonly pin: FilePin;
  /** At least one, sorted by path (UTF-16 code units). */
  readonly files: readonly DirectoryFile[];
  /** As for a file. */
  readonly checked?: readonly FileCheck[];
  /** As for images. */
  readonly content?: ContentDate;
}

/** One file of a directory. Neither owner nor time nor any other mode is kept. */
export interface DirectoryFile extends SizedDigest {
  /** Below the directory, safe on every file system. */
  readonly path: string;
  /** May its owner run it? */
  readonly executable?: true;
}
