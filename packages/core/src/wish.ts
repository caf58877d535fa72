import type { AttachmentChoice } from './attachment.ts';
import { canonicalBytes } from './canonical-json.ts';
import type { ChartRendering } from './chart-rendering.ts';
import type { ContentChoice } from './content.ts';
import { type Digest, digestOf } from './digest.ts';

/** One line of bundle.yaml, normalised: what somebody wants, not yet what it is. */
export type Wish = ImageWish | ChartWish | GitWish | FileWish;
export type WishKind = Wish['kind'];

export interface ImageWish {
  readonly kind: 'image';
  /** Full reference, see `formatImageReference`; with `tags` the repository alone, `host/path`; with `from` the name that what lies there gets. */
  readonly ref: string;
  /** `os/arch[/variant]`, sorted; empty: every platform upstream has. A wish pinned by digest keeps everything unless it names platforms itself. */
  readonly platforms: readonly string[];
  /** Which tags of the repository; each becomes an item. */
  readonly tags?: TagChoice;
  /** Attestation manifests inside an index (BuildKit's provenance and SBOMs) are kept unless they are dropped here. */
  readonly attestations?: 'drop';
  /** Absent: all attachments. */
  readonly attachments?: AttachmentChoice;
  /** What upstream must have signed with; every demand must be met. */
  readonly verify?: readonly UpstreamVerification[];
  /** A place on this machine instead of the registry that `ref` names. */
  readonly from?: ImagePlace;
  /** It is content that grows old. */
  readonly content?: ContentChoice;
}

/** Tags that fulfil all of `list`, `semver` and `match`; of those the `newest`. At least one member. */
export interface TagChoice {
  /** Exact tags; each must exist. Sorted. */
  readonly list?: readonly string[];
  /** A semver range; tags may begin with `v`. Pre-releases only where the range names them. */
  readonly semver?: string;
  /** A regular expression that the whole tag matches. */
  readonly match?: string;
  /** How many; absent: all. */
  readonly newest?: number;
  /** What newest means: the highest version (default), or the latest creation date in the image's configuration. */
  readonly by?: 'version' | 'created';
}

/** A demand as bundle.yaml states it: files are named, not read. Paths are relative to bundle.yaml. */
export type UpstreamVerification =
  | { readonly key: string }
  | { readonly identity: string; readonly issuer: string; readonly trustedRoot: string };

/** An OCI layout directory (a depot is one), an OCI archive or a `docker save` archive, each plain or gzip. */
export interface ImagePlace {
  /** As written, relative to bundle.yaml. */
  readonly path: string;
  /** Which image, where there are several: the name or tag it has there, or its digest. */
  readonly select?: string;
}

/** A chart by exact version or semver range, from an OCI registry (`ref` is host/path without tag) or a classic repository (`index.yaml` below `url`); or one on this machine. */
export type ChartWish = OciChartWish | RepositoryChartWish | LocalChartWish;

/** A demand as bundle.yaml states it: the chart's provenance file (`.prov`) must be signed by a key of this OpenPGP keyring. The path is relative to bundle.yaml. */
export interface ProvenanceDemand {
  readonly keyring: string;
}

/** What is wished of every chart, wherever it comes from. */
interface ChartChoices {
  /** The images that the chart names are not looked for. Absent: they are, and become part of the release. */
  readonly images?: 'none';
  /** Absent: Helm's defaults, and the chart's own values. */
  readonly rendering?: ChartRendering;
  /** The chart is installed in several ways: in the place of `rendering`, two or more, each different, sorted by their canonical JSON. */
  readonly installations?: readonly ChartRendering[];
}

export interface OciChartWish extends ChartChoices {
  readonly kind: 'chart';
  readonly from: 'oci';
  readonly ref: string;
  readonly version: string;
  /** As for images. */
  readonly verify?: readonly UpstreamVerification[];
  readonly provenance?: ProvenanceDemand;
}

export interface RepositoryChartWish extends ChartChoices {
  readonly kind: 'chart';
  readonly from: 'repository';
  /** Base URL without trailing slash and without credentials. */
  readonly url: string;
  readonly name: string;
  readonly version: string;
  readonly provenance?: ProvenanceDemand;
}

export interface LocalChartWish extends ChartChoices {
  readonly kind: 'chart';
  readonly from: 'local';
  /** A chart's directory or archive; as written, relative to bundle.yaml. */
  readonly path: string;
  /** The name it gets: host/path, the chart's own name last. */
  readonly ref: string;
  readonly provenance?: ProvenanceDemand;
}

/** As for images; the newest are those with the highest version. */
export type GitTagChoice = Pick<TagChoice, 'semver' | 'match' | 'newest'>;

/** A demand as bundle.yaml states it: refs that must be signed, by whom one of the files knows. Paths are relative to bundle.yaml. At least one of the two. */
export interface GitVerification {
  readonly allowedSigners?: string;
  readonly keyring?: string;
  /** In the words of the wish's `refs`, sorted; absent: every pinned ref. */
  readonly refs?: readonly string[];
  /** It need not fit any ref: it is stated for many repositories at once. */
  readonly ifAny?: true;
}

export interface GitWish {
  readonly kind: 'git';
  /** `https://…`, `ssh://…`, `file:///…`; scp-like addresses are normalised to `ssh://`. Without credentials. */
  readonly url: string;
  /** Branch names, tag names, full ref names, patterns with `*`, or `HEAD` for the default branch; empty: all branches and tags, unless `tags` chooses. Sorted. */
  readonly refs: readonly string[];
  /** Tags besides `refs`, by what they are. */
  readonly tags?: GitTagChoice;
  /** Commits a ref brings, itself included; what lies further back is cut off. Absent: the whole history. */
  readonly depth?: number;
  /** Which files that Git LFS keeps come along: those of all history, or none. Absent: those of the commits that the refs name. */
  readonly lfs?: 'all' | 'none';
  /** Who must have signed which refs; every demand must be met. */
  readonly verify?: readonly GitVerification[];
  /** Identity to use instead of host/path of the URL. */
  readonly as?: string;
  /** The images that manifests and kustomizations in it name are looked for, and become part of the release. Absent: they are not. */
  readonly images?: 'discover';
  /** The repositories that its commits have as submodules stay out. Absent: they become part of the release. */
  readonly submodules?: 'none';
  /** Commits that content points to, full ids, sorted; never of a line of bundle.yaml. What Git LFS keeps for them comes along. */
  readonly commits?: readonly string[];
}

export type FileWish =
  | UrlFileWish
  | PrefixFileWish
  | LocalFileWish
  | ReleaseFileWish
  | ListedFileWish
  | AptFileWish;

/** A file by its URL. At least one demand says what it must be, unless it is `content`; every one is held. */
export interface UrlFileWish extends FileDemands {
  readonly kind: 'file';
  readonly url: string;
  /** `url` names an object of a bucket, path style, and it is asked for by the S3 API. */
  readonly s3?: ObjectPlace;
  /** Path below the files of a release, safe on every file system; the file's identity. */
  readonly as: string;
  /** It is content that grows old. */
  readonly content?: ContentChoice;
}

/** The database that Grype's latest.json names now, and that file. Both become items. */
export interface ListedFileWish {
  readonly kind: 'file';
  /** URL of latest.json. */
  readonly listing: string;
  /** Folder in which both lie, safe on every file system. */
  readonly as: string;
  readonly content: ContentChoice;
}

/** What the two are called below `as`: always the same, so that a newer database takes the place of an older one. */
export const LISTED_NAMES = { listing: 'latest.json', archive: 'vulnerability-db' } as const;

/** The name that the archive of a listing gets below `as`, by the name that it has upstream. */
export function listedName(path: string): string {
  return `${LISTED_NAMES.archive}${/\.tar\.[a-z]+$/.exec(path)?.[0] ?? ''}`;
}

/** One suite of an APT repository, or some packages of it, as a directory that is an APT repository itself. */
export interface AptFileWish {
  readonly kind: 'file';
  readonly apt: AptChoice;
  /** As for others; the identity has a slash behind it. */
  readonly as: string;
  readonly content: ContentChoice;
}

export interface AptChoice {
  /** Without slash at the end; `dists` and `pool` lie below. */
  readonly url: string;
  readonly suite: string;
  /** Sorted; at least one. */
  readonly components: readonly string[];
  /** Sorted; at least one. */
  readonly architectures: readonly string[];
  /** Names, each with a version if need be, as in dependencies: `nginx`, `nginx (>= 1.22)`. Sorted. Absent: all. */
  readonly packages?: readonly string[];
  /** What chosen packages depend on stays out. Absent: it comes along, as far as the repository has it. */
  readonly dependencies?: false;
  /** OpenPGP keys, of which one must have signed; relative to bundle.yaml. Absent: nobody need have signed. */
  readonly keyring?: string;
}

/** Where a suite's Release file and indexes lie. */
export function aptSuiteUrl({ url, suite }: Pick<AptChoice, 'url' | 'suite'>): string {
  return `${url}/dists/${suite}`;
}

export interface ObjectPlace {
  /** `https://host[:port]`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly key: string;
  /** Absent: the latest. */
  readonly version?: string;
  /** Absent: us-east-1. */
  readonly region?: string;
  /** `bucket.host/key` instead of `host/bucket/key`. */
  readonly pathStyle?: false;
}

/** All objects below a prefix of a bucket, as one directory. */
export interface PrefixFileWish {
  readonly kind: 'file';
  readonly prefix: PrefixPlace;
  /** As for others; the identity has a slash behind it. */
  readonly as: string;
  /** What was found first stands in the lock, and every later look must find the same. */
  readonly check: 'first-seen';
}

export interface PrefixPlace extends Pick<ObjectPlace, 'endpoint' | 'bucket' | 'region' | 'pathStyle'> {
  /** Empty, or with a slash at the end. */
  readonly prefix: string;
}

/** What a prefix is called: its URL, path style. */
export function urlOfPrefix({ endpoint, bucket, prefix }: PrefixPlace): string {
  return `${endpoint}/${bucket}/${prefix.split('/').map(encodeURIComponent).join('/')}`;
}

/** What a file from elsewhere must be, as bundle.yaml states it: files are named, not read. Paths are relative to bundle.yaml. */
export interface FileDemands {
  readonly sha256?: Digest;
  /** 128 lower-case hex digits. */
  readonly sha512?: string;
  readonly checksums?: ChecksumsDemand;
  readonly signature?: FileSignatureDemand;
  /** What was found first stands in the lock, and every later look must find the same. */
  readonly check?: 'first-seen';
}

/** Where a small file lies that says something about another. */
export type FilePlace = { readonly url: string } | { readonly path: string };

/** A file of checksums, as `sha256sum` and `sha512sum` write it, has a line for the file. */
export type ChecksumsDemand = FilePlace & {
  /** How the file is called there; absent: the last part of its URL. */
  readonly name?: string;
  /** The file of checksums itself is signed. */
  readonly signature?: FileSignatureDemand;
};

/** A detached signature, and who must have made it. */
export type FileSignatureDemand = FilePlace & FileSigner;

export type FileSigner =
  /** Public key in PEM: `cosign sign-blob` made the signature, or anything that signs alike. */
  | { readonly key: string }
  /** OpenPGP keys. */
  | { readonly keyring: string }
  /** A minisign public key, itself or in a file. */
  | { readonly minisign: string };

/** Names a signer within one bundle: `key cosign.pub`. */
export function nameOfSigner(signer: FileSigner): string {
  if ('key' in signer) return `key ${signer.key}`;
  return 'keyring' in signer ? `keyring ${signer.keyring}` : `minisign key ${signer.minisign}`;
}

/** Assets of the newest release in a range of versions, at a host with the API of GitHub, GitLab or Gitea. Each becomes an item. */
export interface ReleaseFileWish {
  readonly kind: 'file';
  readonly release: ReleaseChoice;
  /** As for others, with `{name}` for the asset's name and `{version}` for the release's. */
  readonly as: string;
  readonly checksums?: AssetPlace & { readonly signature?: AssetPlace & FileSigner };
  readonly signature?: AssetPlace & FileSigner;
  readonly check?: 'first-seen';
}

export interface ReleaseChoice {
  /** Of the repository's page. */
  readonly url: string;
  /** A semver range; tags may begin with `v`. Pre-releases only where the range names them. */
  readonly version: string;
  /** Names, or patterns in which `*` stands for any characters; each must fit at least one asset. Sorted. */
  readonly assets: readonly string[];
}

/** Another asset of the same release, with `{name}` and `{version}` as in `as`. */
export interface AssetPlace {
  readonly asset: string;
}

/** A file or a directory on this machine. */
export interface LocalFileWish {
  readonly kind: 'file';
  /** As written, relative to bundle.yaml. */
  readonly path: string;
  /** As for others; the identity of a directory has a slash behind it. */
  readonly as: string;
}

/** Where the archive lies that a listing names, beside it: colons stay, as Grype asks for it. */
export function listedUrl(listing: string, path: string): string {
  return new URL(`./${path}`, listing).href;
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
      return describeChart(wish);
    case 'git':
      return `git ${wish.url}`;
    case 'file':
      return 'release' in wish ? `files of ${wish.release.url} ${wish.release.version}` : `file ${wish.as}`;
  }
}

/** Everything that a wished chart is rendered with, one after the other. */
export function renderingsOf({
  rendering = {},
  installations = [rendering],
}: ChartWish): readonly ChartRendering[] {
  return installations;
}

/** What a wished chart is called in a release, without its version: host and path, its own name last. */
export function chartIdentity(wish: ChartWish): string {
  if (wish.from !== 'repository') return wish.ref;
  const { host, pathname } = new URL(wish.url);
  return `${host}${pathname.replace(/\/+$/, '')}/${wish.name}`;
}

function describeChart(wish: ChartWish): string {
  switch (wish.from) {
    case 'oci':
      return `chart oci://${wish.ref} ${wish.version}`;
    case 'repository':
      return `chart ${wish.name} ${wish.version} of ${wish.url}`;
    case 'local':
      return `chart ${wish.ref} from ${wish.path}`;
  }
}
