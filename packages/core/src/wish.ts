import { canonicalBytes } from './canonical-json.ts';
import { type Digest, digestOf } from './digest.ts';

/** One line of bundle.yaml, normalised: what somebody wants, not yet what it is. */
export type Wish = ImageWish | ChartWish | GitWish | FileWish;
export type WishKind = Wish['kind'];

export interface ImageWish {
  readonly kind: 'image';
  /** Full reference, see `formatImageReference`. */
  readonly ref: string;
  /** `os/arch[/variant]`, sorted; empty: every platform upstream has. A wish pinned by digest keeps everything. */
  readonly platforms: readonly string[];
}

/** A chart by exact version or semver range, from an OCI registry (`ref` is host/path without tag) or a classic repository (`index.yaml` below `url`). */
export type ChartWish = OciChartWish | RepositoryChartWish;

export interface OciChartWish {
  readonly kind: 'chart';
  readonly from: 'oci';
  readonly ref: string;
  readonly version: string;
}

export interface RepositoryChartWish {
  readonly kind: 'chart';
  readonly from: 'repository';
  /** Base URL without trailing slash and without credentials. */
  readonly url: string;
  readonly name: string;
  readonly version: string;
}

export interface GitWish {
  readonly kind: 'git';
  /** `https://…`, `ssh://…`, `file:///…`; scp-like addresses are normalised to `ssh://`. Without credentials. */
  readonly url: string;
  /** Branch names, tag names, full ref names, or patterns with `*`; empty: all branches and tags. */
  readonly refs: readonly string[];
  /** Identity to use instead of host/path of the URL. */
  readonly as?: string;
}

export interface FileWish {
  readonly kind: 'file';
  readonly url: string;
  readonly sha256: Digest;
  /** Path below the files of a release, safe on every file system; the file's identity. */
  readonly as: string;
}

/** A wish's name in a lock: the digest of its canonical JSON. A changed wish has no pin. */
export function wishDigest(wish: Wish): Digest {
  return digestOf(canonicalBytes(wish));
}

/** A wish in a few words, for messages. */
export function describeWish(wish: Wish): string {
  switch (wish.kind) {
    case 'image':
      return `image ${wish.ref}`;
    case 'chart':
      return wish.from === 'oci'
        ? `chart oci://${wish.ref} ${wish.version}`
        : `chart ${wish.name} ${wish.version} of ${wish.url}`;
    case 'git':
      return `git ${wish.url}`;
    case 'file':
      return `file ${wish.as}`;
  }
}
