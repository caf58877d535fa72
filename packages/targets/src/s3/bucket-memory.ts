import { type Digest, digestFromHex, isGapferryError, type Run } from '@gapferry/core';
import { MOST_INDEX_BYTES, type ReleaseIndex, readIndex } from './release-index.ts';
import type { S3Facts, S3Listed, S3Store } from './s3-store.ts';

/** An object as one survey saw it, or as this import left it. */
export interface SeenObject {
  readonly size: number;
  readonly etag: string;
  readonly version?: string;
  /** Absent: it does not carry one of ours. */
  readonly digest?: Digest;
  readonly executable?: true;
  /** Whose release it belongs to. */
  readonly channel?: string;
}

export interface SeenIndex {
  /** Absent: there is none. */
  readonly etag?: string;
  /** Absent beside an ETag: it is somebody else's object. */
  readonly index?: ReleaseIndex;
}

/** What is known of a bucket. A listing says which objects there are; what the index object vouches for, with size and ETag as listed, is asked no more. */
export interface BucketMemory {
  /** False while there is no bucket. */
  isThere(run: Run): Promise<boolean>;
  index(run: Run): Promise<SeenIndex>;
  at(key: string, item: string, run: Run): Promise<SeenObject | undefined>;
  learn(key: string, object: SeenObject, run: Run): Promise<void>;
  /** What was known of the index counts no more. */
  setIndex(seen: SeenIndex): void;
  /** Lists again. What is known of an object still counts where size and ETag are the same. */
  relist(): void;
}

/** What is listed, and what of it is remembered. The first that a key lies in is the one that tells of it. */
export interface Listed {
  readonly prefix: string;
  /** Absent: all of it. */
  readonly keeps?: (key: string) => boolean;
}

export function bucketMemory(store: S3Store, lists: readonly Listed[], indexKey: string): BucketMemory {
  const known = new Map<string, SeenObject>();
  // Each is made when somebody asks for something in it: one may be all of the bucket.
  const listings = lists.map((list) => ({
    prefix: list.prefix,
    listing: remembered((run) => listAll(store, list, run)),
  }));
  const listingOf = async (key: string, run: Run): Promise<Listing> =>
    await listings.find(({ prefix }) => key.startsWith(prefix))?.listing.get(run);
  const isThere = async (run: Run): Promise<boolean> => (await listings[0]?.listing.get(run)) !== undefined;
  const index = remembered(async (run) => ((await isThere(run)) ? await seeIndex(store, indexKey, run) : {}));
  const vouched = remembered(async (run) => vouchedBy((await index.get(run)).index));
  return {
    isThere,
    index: index.get,
    async at(key, item, run) {
      const listed = (await listingOf(key, run))?.get(key);
      if (listed === undefined) return undefined;
      const seen = known.get(key) ?? (await vouched.get(run)).get(key);
      if (seen !== undefined && seen.size === listed.size && seen.etag === listed.etag) return seen;
      const facts = await store.head({ key, item }, run);
      if (facts === undefined) return undefined;
      known.set(key, toSeen(facts));
      return toSeen(facts);
    },
    async learn(key, object, run) {
      known.set(key, object);
      (await listingOf(key, run))?.set(key, { key, size: object.size, etag: object.etag });
    },
    setIndex: (seen) => index.set(seen),
    relist() {
      for (const { listing } of listings) listing.forget();
    },
  };
}

type Listing = Map<string, S3Listed> | undefined;

/** Asked once; a failure is not remembered. */
function remembered<T>(ask: (run: Run) => Promise<T>): {
  get(run: Run): Promise<T>;
  set(value: T): void;
  forget(): void;
} {
  let answer: Promise<T> | undefined;
  return {
    get(run) {
      answer ??= ask(run).catch((error: unknown) => {
        answer = undefined;
        throw error;
      });
      return answer;
    },
    set: (value) => {
      answer = Promise.resolve(value);
    },
    forget: () => {
      answer = undefined;
    },
  };
}

/** Undefined while there is no bucket. */
async function listAll(store: S3Store, { prefix, keeps }: Listed, run: Run): Promise<Listing> {
  const listing = new Map<string, S3Listed>();
  try {
    for await (const object of store.list(prefix, run))
      if (keeps === undefined || keeps(object.key)) listing.set(object.key, object);
    return listing;
  } catch (error) {
    if (isGapferryError(error) && error.data['s3'] === 'NoSuchBucket') return undefined;
    throw error;
  }
}

async function seeIndex(store: S3Store, key: string, run: Run): Promise<SeenIndex> {
  const found = await store.read({ key, item: 'the index object' }, MOST_INDEX_BYTES, run);
  if (found === undefined) return {};
  const index = readIndex(found.bytes);
  return { etag: found.etag, ...(index !== undefined && { index }) };
}

function vouchedBy(index: ReleaseIndex | undefined): ReadonlyMap<string, SeenObject> {
  return new Map(
    index?.files.flatMap(({ path: _, key, latest, ...facts }) => {
      const seen = { ...facts, channel: index.channel };
      const { version: __, ...same } = seen;
      const copy = latest && ([latest.key, { ...same, etag: latest.etag }] as const);
      return [[key, seen] as const, ...(copy ? [copy] : [])];
    }),
  );
}

export function toSeen({ size, etag, version, metadata }: S3Facts): SeenObject {
  const hex = metadata.get('gapferry-sha256') ?? '';
  return {
    size,
    etag,
    ...(version !== undefined && { version }),
    ...(/^[0-9a-f]{64}$/.test(hex) && { digest: digestFromHex(hex) }),
    ...(metadata.get('gapferry-executable') === 'true' && { executable: true }),
    ...channelIn(metadata.get('gapferry-release')),
  };
}

function channelIn(release: string | undefined): Pick<SeenObject, 'channel'> {
  const channel = release?.split('/')[0] ?? '';
  return channel === '' ? {} : { channel };
}
