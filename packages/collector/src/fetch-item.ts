import { type BundleConfig, derivedWish } from '@gapferry/bundle';
import {
  type BlobStore,
  describeNaming,
  describeWish,
  GapferryError,
  type Holding,
  isIncrementalGitSource,
  type Pin,
  type Run,
  type Sources,
  totalSize,
  type Wish,
  wishDigest,
} from '@gapferry/core';
import { checkUpstream } from './check-upstream.ts';
import { type EarlierPacks, earlierPacks } from './earlier-packs.ts';
import { type CollectedItem, tallyItem } from './item-tally.ts';
import type { ReleaseRecord } from './last-release.ts';
import type { CollectBasis, CollectRequest } from './request.ts';

export interface ItemFetcherRequest
  extends Pick<CollectBasis, 'config' | 'sources' | 'depot'>,
    Pick<CollectRequest, 'upstream'> {
  /** Where blobs go: the depot, or something that counts in front of it. */
  readonly store: BlobStore;
  /** Its packs are used again for Git items whose refs did not move, and built on for those whose refs did. */
  readonly last: ReleaseRecord | undefined;
}

export interface FetchedItem {
  readonly holding: Holding;
  readonly item: CollectedItem;
}

/** Brings items, each once: a chart that was looked into is not fetched again. */
export interface ItemFetcher {
  /** Everything the pin reaches, upstream's signatures held against what its wish demands. Throws what the source throws, with the item and its wish named. */
  fetch(pin: Pin, run: Run): Promise<FetchedItem>;
}

export function itemFetcher(request: ItemFetcherRequest): ItemFetcher {
  const { config, sources, store, upstream } = request;
  const wishes = new Map(config.wishes.map((wish) => [wishDigest(wish), wish]));
  const fetched = new Map<string, Promise<FetchedItem>>();
  // Read while upstream is asked.
  const packs = earlierPacks(request.depot, request.last);
  packs.catch(() => {});
  const bring = async (pin: Pin, run: Run): Promise<FetchedItem> => {
    const wish = wishes.get(pin.wish) ?? wishFor(pin, config);
    try {
      const tally = tallyItem(pin, store, run);
      const means = { packs: await packs, sources, store: tally.store };
      const brought = await holdingOf(pin, means, tally.run);
      const holding = await checkUpstream(brought, wish, { upstream, sources, store: tally.store }, run);
      return { holding, item: tally.result(holding) };
    } catch (error) {
      throw withItem(error, pin, wish);
    }
  };
  return {
    fetch(pin, run) {
      const key = `${pin.kind} ${pin.id}`;
      const known = fetched.get(key);
      if (known !== undefined) return known.then((one) => heldFor(pin, one));
      const coming = bring(pin, run);
      fetched.set(key, coming);
      coming.catch(() => fetched.delete(key));
      return coming;
    },
  };
}

/** Nobody wrote the wish for what only content names. */
function wishFor(pin: Pin, config: BundleConfig): Wish | undefined {
  if (pin.kind === 'file' || (pin.kind === 'chart' && pin.from === 'local')) return undefined;
  return derivedWish(pin, config);
}

/** A chart was perhaps fetched when it was not known yet what names it. */
function heldFor(pin: Pin, { holding, item }: FetchedItem): FetchedItem {
  return { holding: { ...holding, pin } as Holding, item };
}

interface Means {
  readonly packs: EarlierPacks;
  readonly sources: Sources;
  readonly store: BlobStore;
}

/** The source tells of the item from its beginning to its end; for packs that are used again nobody else does. */
async function holdingOf(pin: Pin, { packs, sources, store }: Means, run: Run): Promise<Holding> {
  if (pin.kind !== 'git') return fetchFrom(sources, pin, store, run);
  const earlier = await packs.carriageOf(pin, store, run);
  if (earlier === undefined) return fetchFrom(sources, pin, store, run);
  if (!earlier.same)
    return isIncrementalGitSource(sources.git)
      ? await sources.git.fetchAfter(earlier, pin, store, run)
      : await sources.git.fetch(pin, store, run);
  const [item, bytes] = [pin.id, totalSize(earlier.packs)];
  run.emit({ kind: 'item-started', item, bytes });
  run.emit({ kind: 'bytes', item, bytes, reused: true });
  run.emit({ kind: 'item-done', item, outcome: 'reused', bytes });
  return { kind: 'git', pin, packs: earlier.packs };
}

function fetchFrom(sources: Sources, pin: Pin, store: BlobStore, run: Run): Promise<Holding> {
  switch (pin.kind) {
    case 'image':
      return sources.image.fetch(pin, store, run);
    case 'chart':
      return sources.chart.fetch(pin, store, run);
    case 'git':
      return sources.git.fetch(pin, store, run);
    case 'file':
      return sources.file.fetch(pin, store, run);
  }
}

/** The same error with the item and the wish in front. An error that is not ours is a bug and stays as it is. */
function withItem(error: unknown, pin: Pin, wish: Wish | undefined): unknown {
  if (!(error instanceof GapferryError)) return error;
  const item = `${pin.kind} ${pin.id}`;
  return new GapferryError({
    code: error.code,
    message: `cannot ${error.category === 'trust' ? 'accept' : 'fetch'} ${item}${wantedBy(pin, item, wish)}: ${error.message}`,
    ...hintFor(error, pin),
    origin: error.origin ?? 'source',
    retryable: error.retryable,
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    data: { ...error.data, item, ...(wish !== undefined && { wish: describeWish(wish) }) },
    cause: error,
  });
}

/** Nobody chose the platforms of an image that only a chart names. */
function hintFor(error: GapferryError, pin: Pin): { hint?: string } {
  if (error.code === 'PLATFORM_NOT_FOUND' && pin.kind === 'image' && pin.namedBy !== undefined)
    return {
      hint: 'a chart or a repository names the image: name it under "images" with the platforms that it has, or, if it is not needed, say so and why under "waivers"',
    };
  return error.hint === undefined ? {} : { hint: error.hint };
}

function wantedBy(pin: Pin, item: string, wish: Wish | undefined): string {
  const wanted =
    wish === undefined || describeWish(wish) === item ? '' : `, wanted by "${describeWish(wish)}"`;
  const [first] = pin.kind === 'file' ? [] : (pin.namedBy ?? []);
  return first === undefined ? wanted : `${wanted}, named in ${describeNaming(first)}`;
}
