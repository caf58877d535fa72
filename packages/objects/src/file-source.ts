import {
  aboutItem,
  type BlobStore,
  type BucketDirectoryPin,
  type Digest,
  digestFromHex,
  type FileHolding,
  type FilePin,
  type FileVerifier,
  type FileWish,
  GapferryError,
  type ListedFileWish,
  type LocalFileWish,
  type PrefixFileWish,
  type PrefixPlace,
  type Run,
  type Source,
  type UrlFilePin,
  type UrlFileWish,
  urlOfPrefix,
  wishDigest,
} from '@gapferry/core';
import type { HttpClient } from '@gapferry/http';
import { type BucketDirectory, fetchBucketDirectory, readBucketDirectory } from './bucket-directory.ts';
import { listDigest } from './directory-files.ts';
import { eachLimited } from './each-limited.ts';
import { type FileOrigin, httpOrigin, objectOrigin } from './file-origin.ts';
import { checksumOf, type DemandMeans, holdDemands, requireChecksum } from './hold-demands.ts';
import { fileLearner, type Lookups } from './learn-file.ts';
import { archiveWish, fetchListing, isListing, resolveListed } from './listed-files.ts';
import { localFiles } from './local/local-files.ts';
import { type AskRepository, assetWish, releaseAssets } from './releases/release-assets.ts';
import { openBucket } from './s3/open-bucket.ts';
import type { S3Bucket } from './s3/s3-bucket.ts';
import type { S3Credentials } from './s3/sign-request.ts';
import { nameOfPlace, smallFiles } from './small-files.ts';
import { fetchUrlFile, type UrlFileMeans } from './url-file.ts';

export interface FileSourceOptions {
  /** Where relative paths of files on this machine begin; default: the working directory. */
  readonly directory?: string;
  /** What is wished: a pin alone does not say what its file must be held against. */
  readonly wishes?: readonly FileWish[];
  /** Who may sign, by `nameOfSigner`. */
  readonly verifiers?: ReadonlyMap<string, FileVerifier>;
  /** sha256 (of a directory: of its list) that the lock has for files with `check: first-seen`, by `seenKey`. */
  readonly seen?: ReadonlyMap<string, Digest>;
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

/** What was seen under one wish at one URL. */
export function seenKey({ wish, url }: Pick<UrlFilePin | BucketDirectoryPin, 'wish' | 'url'>): string {
  return `${wish} ${url}`;
}

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
  const means: Means = {
    http,
    learner,
    limit,
    verifiers,
    small: smallFiles(http, directory),
    seen: options.seen ?? new Map(),
    credentials: options.credentials ?? (async () => undefined),
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
        if ('files' in pin) return await fetchPrefix(means, pin, wish, into, run);
        if (wish !== undefined && 'listing' in wish) return await fetchListed(means, pin, wish, into, run);
        return await fetchUrl(means, pin, wishFor(pin, wish), into, run);
      } catch (error) {
        throw aboutItem(pin.id, error);
      }
    },
  };
}

type RemoteWish = Exclude<FileWish, LocalFileWish>;

interface Means extends DemandMeans, UrlFileMeans {
  readonly seen: ReadonlyMap<string, Digest>;
  readonly ask: AskRepository;
  readonly http: HttpClient;
  readonly credentials: NonNullable<FileSourceOptions['credentials']>;
}

async function originOf({ http, credentials }: Means, { url, s3, as }: UrlFileWish): Promise<FileOrigin> {
  if (s3 === undefined) return httpOrigin(http, url, as);
  const { key, version } = s3;
  const at = { key, ...(version !== undefined && { version }) };
  return objectOrigin(await bucketAt({ http, credentials }, s3), at, as);
}

async function bucketAt(
  { http, credentials }: Pick<Means, 'http' | 'credentials'>,
  { endpoint, bucket, region = 'us-east-1', pathStyle }: Omit<PrefixPlace, 'prefix'>,
): Promise<S3Bucket> {
  const keys = await credentials(new URL(endpoint).host);
  const place = { endpoint, bucket, region, pathStyle: pathStyle ?? true };
  return openBucket(http, { ...place, ...(keys && { credentials: keys }) });
}

async function resolveRemote(
  means: Means,
  wish: RemoteWish,
  run: Run,
): Promise<(UrlFilePin | BucketDirectoryPin)[]> {
  const digest = wishDigest(wish);
  if ('prefix' in wish) return [await resolvePrefix(means, wish, digest, run)];
  if ('listing' in wish) return await resolveListed(means.small, wish, digest, run);
  if ('url' in wish) return [await resolveUrl(means, wish, digest, run)];
  const assets = await releaseAssets(means.http, means.ask, wish, run);
  return await eachLimited(assets, ASSETS, run, async ({ wish: one, version }, inner) => ({
    ...(await resolveUrl(means, one, digest, inner)),
    version,
  }));
}

async function resolveUrl(means: Means, demanded: UrlFileWish, wish: Digest, run: Run): Promise<UrlFilePin> {
  const { as: id, url } = demanded;
  const found = await identify(means, demanded, run);
  const pin: UrlFilePin = { kind: 'file', id, wish, url, ...found };
  if (demanded.check === 'first-seen') requireSeen(means, pin, pin.sha256);
  return pin;
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
  const root = await fetchUrlFile(means, pin, await originOf(means, archiveWish(pin)), into, run);
  return { kind: 'file', pin, root, checked: ['checksums'] };
}

async function directoryAt(means: Means, place: PrefixPlace, item: string): Promise<BucketDirectory> {
  const { prefix, ...store } = place;
  return { bucket: await bucketAt(means, store), prefix, item, learner: means.learner };
}

function requireSeen(
  { seen }: Means,
  pin: Pick<UrlFilePin | BucketDirectoryPin, 'id' | 'wish' | 'url'>,
  found: Digest,
): void {
  const before = seen.get(seenKey(pin));
  if (before !== undefined && before !== found) throw changedSince(pin.id, before, found);
}

/** A pin of a release has the asset's URL and the version; the rest follows from the wish. */
function wishFor({ url, version }: UrlFilePin, wish: RemoteWish | undefined): UrlFileWish | undefined {
  if (wish === undefined || 'prefix' in wish || 'listing' in wish) return undefined;
  if ('url' in wish) return wish;
  return version === undefined ? undefined : assetWish(wish, { url, version });
}

/** The cheapest way to the sha256: given, in a list of checksums, or by reading the file. */
async function identify(
  means: Means,
  wish: UrlFileWish,
  run: Run,
): Promise<Pick<UrlFilePin, 'sha256' | 'size'>> {
  if (wish.sha256 !== undefined) return { sha256: wish.sha256 };
  const listed =
    wish.checksums === undefined ? undefined : await checksumOf(means, wish, wish.checksums, run);
  const checksum = listed?.checksum;
  if (checksum?.algorithm === 'sha256') return { sha256: digestFromHex(checksum.hex) };
  const { sha256, sha512, size } = await means.learner.learn(await originOf(means, wish), run);
  if (checksum !== undefined && wish.checksums !== undefined)
    requireChecksum(checksum, sha512, wish.as, nameOfPlace(wish.checksums));
  if (wish.sha512 !== undefined)
    requireChecksum({ algorithm: 'sha512', hex: wish.sha512 }, sha512, wish.as, 'bundle.yaml');
  return { sha256, size };
}

async function fetchUrl(
  means: Means,
  pin: UrlFilePin,
  wish: UrlFileWish | undefined,
  into: BlobStore,
  run: Run,
): Promise<FileHolding> {
  if (wish === undefined) throw unknownWish(pin.id);
  const root = await fetchUrlFile(means, pin, await originOf(means, wish), into, run);
  const checked = await holdDemands(means, wish, root, into, run);
  return { kind: 'file', pin, root, checked };
}

function unknownWish(id: string): GapferryError {
  return new GapferryError({ code: 'INTERNAL', message: `nothing is known of the wish for file ${id}` });
}

function changedSince(item: string, seen: Digest, found: Digest): GapferryError {
  return new GapferryError({
    code: 'DIGEST_MISMATCH',
    message: `${item} is now ${found}; when it was first seen it was ${seen}`,
    hint: `find out why upstream changed it; if it is meant to be so, accept it with "gapferry resolve BUNDLE --accept ${item}"`,
    origin: 'source',
    data: { item, expected: seen, actual: found },
  });
}
