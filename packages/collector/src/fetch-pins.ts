import type { Lock } from '@gapferry/bundle';
import {
  type BlobStore,
  checkRun,
  describeWish,
  GapferryError,
  type Holding,
  type Pin,
  type Run,
  type Sources,
  totalSize,
  type Wish,
  wishDigest,
} from '@gapferry/core';
import pLimit from 'p-limit';
import { checkUpstream } from './check-upstream.ts';
import { type EarlierPacks, earlierPacks } from './earlier-packs.ts';
import { type CollectedItem, tallyItem } from './item-tally.ts';
import type { ReleaseRecord } from './last-release.ts';
import type { CollectBasis, CollectRequest } from './request.ts';

export interface FetchRequest
  extends Pick<CollectBasis, 'config' | 'sources' | 'depot' | 'concurrency'>,
    Pick<CollectRequest, 'upstream'> {
  readonly lock: Lock;
  /** Where blobs go: the depot, or something that counts in front of it. */
  readonly store: BlobStore;
  /** Its packs are used again for Git items whose refs did not move. */
  readonly last: ReleaseRecord | undefined;
}

/** Both in the order of the lock. */
export interface Fetched {
  readonly holdings: readonly Holding[];
  readonly items: readonly CollectedItem[];
}

interface FetchedItem {
  readonly holding: Holding;
  readonly item: CollectedItem;
}

/** Items at a time: an image is mostly waiting for its blobs, whose number has a limit of its own; a Git repository keeps processes busy. */
const ITEMS = 8;
const GIT = 4;

/** Brings everything the pins reach into the store, items in parallel, and says what each consists of, in the order of the lock.
 *  What a wish wants signed by upstream is held against the signatures that came with it, as soon as they are there.
 *  The first failure stops the other items; what they have brought stays. Throws what the source threw, with the item and its wish named. */
export async function fetchPins(request: FetchRequest, run: Run): Promise<Fetched> {
  const { config, lock, depot, sources, store, last } = request;
  run.emit({ kind: 'stage', stage: 'fetch', items: lock.pins.length });
  const packs = await earlierPacks(depot, last);
  const wishes = new Map(config.wishes.map((wish) => [wishDigest(wish), wish]));
  const stop = new AbortController();
  const inner: Run = {
    signal: AbortSignal.any([run.signal, stop.signal]),
    emit: (event) => run.emit(event),
  };
  const items = request.concurrency?.items ?? ITEMS;
  const [limit, gitLimit] = [pLimit(items), pLimit(Math.min(items, GIT))];
  const failures: unknown[] = [];
  const bring = async (pin: Pin): Promise<FetchedItem | undefined> => {
    if (inner.signal.aborted) return undefined;
    try {
      const tally = tallyItem(pin, store, inner);
      const brought = await holdingOf(pin, { packs, sources, store: tally.store }, tally.run);
      const holding = await checkUpstream(brought, wishes.get(pin.wish), request.upstream, store, inner);
      return { holding, item: tally.result(holding) };
    } catch (error) {
      failures.push(withItem(error, pin, wishes.get(pin.wish)));
      stop.abort();
      return undefined;
    }
  };
  const fetched = await Promise.all(
    lock.pins.map((pin) => limit(() => (pin.kind === 'git' ? gitLimit(() => bring(pin)) : bring(pin)))),
  );
  checkRun(run);
  if (failures.length > 0) throw failures[0];
  const found = fetched.filter((one) => one !== undefined);
  return { holdings: found.map(({ holding }) => holding), items: found.map(({ item }) => item) };
}

interface Means {
  readonly packs: EarlierPacks;
  readonly sources: Sources;
  readonly store: BlobStore;
}

/** The source tells of the item from its beginning to its end; for packs that are used again nobody else does. */
async function holdingOf(pin: Pin, { packs, sources, store }: Means, run: Run): Promise<Holding> {
  if (pin.kind !== 'git') return fetchFrom(sources, pin, store, run);
  const earlier = await packs.packsFor(pin, store, run);
  if (earlier === undefined) return fetchFrom(sources, pin, store, run);
  const [item, bytes] = [pin.id, totalSize(earlier)];
  run.emit({ kind: 'item-started', item, bytes });
  run.emit({ kind: 'bytes', item, bytes, reused: true });
  run.emit({ kind: 'item-done', item, outcome: 'reused', bytes });
  return { kind: 'git', pin, packs: earlier };
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
  const wanted =
    wish === undefined || describeWish(wish) === item ? '' : `, wanted by "${describeWish(wish)}"`;
  return new GapferryError({
    code: error.code,
    message: `cannot ${error.category === 'trust' ? 'accept' : 'fetch'} ${item}${wanted}: ${error.message}`,
    ...(error.hint !== undefined && { hint: error.hint }),
    origin: error.origin ?? 'source',
    retryable: error.retryable,
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
    data: { ...error.data, item, ...(wish !== undefined && { wish: describeWish(wish) }) },
    cause: error,
  });
}
