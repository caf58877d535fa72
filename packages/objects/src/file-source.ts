import {
  type AptDirectoryPin,
  aboutItem,
  type BlobStore,
  type BucketDirectoryPin,
  type Digest,
  type FileHolding,
  type FilePin,
  type FileVerifier,
  type FileWish,
  GapferryError,
  inLanes,
  type ListedFileWish,
  type LocalFileWish,
  type PrefixFileWish,
  type PrefixPlace,
  type ReleaseFileWish,
  type Run,
  type Source,
  type UrlFilePin,
  type UrlFileWish,
  urlOfPrefix,
  wishDigest,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { aptAtPlaces } from './apt/apt-places.ts';
import type { AptRepositories } from './apt/apt-repository.ts';
import { type BucketDirectory, fetchBucketDirectory, readBucketDirectory } from './bucket-directory.ts';
import { listDigest } from './directory-files.ts';
import { bucketAt, type FileMeans } from './file-means.ts';
import { holdDemands, seenAt } from './hold-demands.ts';
import { fileLearner, type Lookups } from './learn-file.ts';
import { archiveWish, fetchListing, isListing, resolveListed } from './listed-files.ts';
import { localFiles } from './local/local-files.ts';
import { type FileMirrors, filePlaces } from './places/file-places.ts';
import { assetAddresses } from './releases/asset-addresses.ts';
import { type AskRepository, assetWish, releaseAssets } from './releases/release-assets.ts';
import { requireSeen, resolveUrl, steadied } from './resolve-url.ts';
import type { S3Credentials } from './s3/sign-request.ts';
import { smallFiles } from './small-files.ts';
import { fetchUrlFile } from './url-file.ts';

export interface FileSourceOptions {
  /** Where relative paths of files on this machine begin; default: the working directory. */
  readonly directory?: string;
  /** What is wished: a pin alone does not say what its file must be held against. */
  readonly wishes?: readonly FileWish[];
  /** Who may sign, by `nameOfSigner`. */
  readonly verifiers?: ReadonlyMap<string, FileVerifier>;
  /** sha256 (of a directory: of its list) that the lock has for files with `check: first-seen`, by `seenKey`. */
  readonly seen?: ReadonlyMap<string, Digest>;
  /** What the lock has, by `seenKey`. */
  readonly locked?: ReadonlyMap<string, UrlFilePin>;
  /** Places that are asked before a host, for files by URL. */
  readonly mirrors?: FileMirrors;
  /** How hosts are asked about the releases of a repository. */
  readonly askRepository?: AskRepository;
  /** Keys for the host[:port] of an object store. Absent: questions are not signed. */
  readonly credentials?: (host: string) => Promise<S3Credentials | undefined>;
  /** Directory for bytes that had to be read to find out what they are, until they are fetched; absent: none are kept. */
  readonly workDirectory?: string;
  /** What is remembered of files between runs. */
  readonly lookups?: Lookups;
  /** The most bytes that are read of a file whose size or sha256 nobody names; default 64 GiB. */
  readonly unknownSizeLimit?: number;
}

const DEFAULT_LIMIT = 64 * 2 ** 30;
/** Assets of one release that are asked for at a time. */
const ASSETS = 4;

/** Files over HTTP(S), objects of buckets, assets of releases, and files and directories on this machine. Where a wish says what the file is (its sha256), `resolve` asks nobody, and `fetch` finds out whether upstream still has it;
 *  otherwise `resolve` finds it out, by a file of checksums or by reading the file. `fetch` holds it against everything that is demanded. */
export function fileSource(
  http: HttpClient,
  options: FileSourceOptions = {},
): Source<FileWish, FilePin, FileHolding> {
  const { directory = '.', wishes = [], verifiers = new Map(), workDirectory, lookups } = options;
  const limit = options.unknownSizeLimit ?? DEFAULT_LIMIT;
  const local = localFiles(directory);
  const learner = fileLearner({
    limit,
    ...(workDirectory !== undefined && { directory: workDirectory }),
    ...(lookups && { lookups }),
  });
  const places = filePlaces(http, options.mirrors ?? new Map());
  const means: Means = {
    apt: aptAtPlaces({ http, verifiers }, places),
    http,
    learner,
    limit,
    verifiers,
    places,
    small: smallFiles(http, places, directory),
    seen: options.seen ?? new Map(),
    locked: options.locked ?? new Map(),
    credentials: options.credentials ?? (async () => undefined),
    atRepository: new Map(),
    ask: options.askRepository ?? (async () => undefined),
  };
  const known = new Map<Digest, RemoteWish>();
  const learnWish = (wish: FileWish): void => {
    if (!('path' in wish)) known.set(wishDigest(wish), wish);
  };
  wishes.forEach(learnWish);
  return {
    async resolve(wish, run) {
      if ('path' in wish) return [await local.resolve(wish, run)];
      learnWish(wish);
      return await resolveRemote(means, wish, run);
    },
    async fetch(pin, into, run) {
      try {
        if ('path' in pin) return await local.fetch(pin, into, run);
        const wish = known.get(pin.wish);
        if ('release' in pin && wish !== undefined && 'apt' in wish)
          return await means.apt.fetch(pin, wish, into, run);
        if ('files' in pin) return await fetchPrefix(means, pin, wish, into, run);
        if (wish !== undefined && 'listing' in wish) return await fetchListed(means, pin, wish, into, run);
        const isAsset = wish !== undefined && 'release' in wish;
        const there = isAsset ? await meansAt(means, wish) : means;
        return await fetchUrl(there, pin, wishFor(pin, wish), into, run);
      } catch (error) {
        throw aboutItem(pin.id, error);
      }
    },
  };
}

type RemoteWish = Exclude<FileWish, LocalFileWish>;

interface Means extends FileMeans {
  readonly ask: AskRepository;
  /** By the page of the repository whose releases are asked for. */
  readonly atRepository: Map<string, FileMeans>;
  readonly apt: AptRepositories;
}

async function resolveRemote(
  means: Means,
  wish: RemoteWish,
  run: Run,
): Promise<(UrlFilePin | BucketDirectoryPin | AptDirectoryPin)[]> {
  const digest = wishDigest(wish);
  if ('apt' in wish) return [await means.apt.resolve(wish, digest, run)];
  if ('prefix' in wish) return [await resolvePrefix(means, wish, digest, run)];
  if ('listing' in wish)
    return (await resolveListed(means.small, wish, digest, run)).map((pin) => steadied(means, pin));
  if ('url' in wish) return [await resolveUrl(means, wish, digest, run)];
  const [assets, there] = [await releaseAssets(means.http, means.ask, wish, run), await meansAt(means, wish)];
  const resolveAsset = async (
    { wish: one, version }: (typeof assets)[number],
    inner: Run,
  ): Promise<UrlFilePin> => ({
    ...(await resolveUrl(there, one, digest, inner)),
    version,
  });
  return await inLanes(assets, ASSETS, resolveAsset, run);
}

async function resolvePrefix(
  means: Means,
  { prefix, as }: PrefixFileWish,
  wish: Digest,
  run: Run,
): Promise<BucketDirectoryPin> {
  const files = listDigest(await readBucketDirectory(await directoryAt(means, prefix, as), run));
  const pin: BucketDirectoryPin = { kind: 'file', id: `${as}/`, wish, url: urlOfPrefix(prefix), files };
  requireSeen(means, pin, files);
  return pin;
}

/** What was read when it was resolved is remembered: a list that is the same costs one question for each thousand objects. */
async function fetchPrefix(
  means: Means,
  pin: BucketDirectoryPin,
  wish: RemoteWish | undefined,
  into: BlobStore,
  run: Run,
): Promise<FileHolding> {
  if (wish === undefined || !('prefix' in wish)) throw unknownWish(pin.id);
  const directory = await directoryAt(means, wish.prefix, wish.as);
  const files = await readBucketDirectory(directory, run);
  await fetchBucketDirectory(directory, pin, files, into, run);
  return { kind: 'file', pin, files, checked: [wish.check] };
}

async function fetchListed(
  means: Means,
  pin: UrlFilePin,
  wish: ListedFileWish,
  into: BlobStore,
  run: Run,
): Promise<FileHolding> {
  if (isListing(pin, wish))
    return { kind: 'file', pin, root: await fetchListing(means.small, pin, into, run) };
  const root = await fetchUrlFile(means, pin, archiveWish(pin), into, run);
  const { mirror } = pin;
  return { kind: 'file', pin, root, checked: [mirror ? seenAt('checksums', mirror) : 'checksums'] };
}

async function directoryAt(means: Means, place: PrefixPlace, item: string): Promise<BucketDirectory> {
  const { prefix, ...store } = place;
  return { bucket: await bucketAt(means, store), prefix, item, learner: means.learner };
}

/** Assets of a release are asked for where the API of their host has them. */
async function meansAt(means: Means, { release: { url } }: ReleaseFileWish): Promise<FileMeans> {
  const known = means.atRepository.get(url);
  if (known !== undefined) return known;
  const question = await means.ask(url);
  if (question === undefined) return means;
  const places = means.places.withAddresses(assetAddresses(means.http, question, url));
  const there = { ...means, places, small: means.small.through(places) };
  means.atRepository.set(url, there);
  return there;
}

/** A pin of a release has the asset's URL and the version; the rest follows from the wish. */
function wishFor({ url, version }: UrlFilePin, wish: RemoteWish | undefined): UrlFileWish | undefined {
  if (wish === undefined || 'prefix' in wish || 'listing' in wish || 'apt' in wish) return undefined;
  if ('url' in wish) return wish;
  return version === undefined ? undefined : assetWish(wish, { url, version });
}

async function fetchUrl(
  means: FileMeans,
  pin: UrlFilePin,
  wish: UrlFileWish | undefined,
  into: BlobStore,
  run: Run,
): Promise<FileHolding> {
  if (wish === undefined) throw unknownWish(pin.id);
  const root = await fetchUrlFile(means, pin, wish, into, run);
  const { mirror } = pin;
  const file = { root, store: into, ...(mirror !== undefined && { mirror }) };
  const checked = await holdDemands(means, wish, file, run);
  return { kind: 'file', pin, root, checked };
}

function unknownWish(id: string): GapferryError {
  return new GapferryError({ code: 'INTERNAL', message: `nothing is known of the wish for file ${id}` });
}
