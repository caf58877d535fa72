import type { Lock } from '@gapferry/bundle';
import { checkRun, describeNaming, type Holding, type Pin, type Run } from '@gapferry/core';
import pLimit from 'p-limit';
import type { FetchedItem, ItemFetcher } from './fetch-item.ts';
import type { CollectedItem } from './item-tally.ts';
import type { CollectBasis } from './request.ts';

export interface FetchRequest extends Pick<CollectBasis, 'concurrency'> {
  readonly lock: Lock;
  readonly fetcher: ItemFetcher;
}

/** Both in the order of the lock. */
export interface Fetched {
  readonly holdings: readonly Holding[];
  readonly items: readonly CollectedItem[];
}

/** Items at a time: an image is mostly waiting for its blobs, whose number has a limit of its own; a Git repository keeps processes busy. */
const ITEMS = 8;
const GIT = 4;

/** Brings everything the pins reach into the store, items in parallel, and says what each consists of, in the order of the lock.
 *  What a wish wants signed by upstream is held against the signatures that came with it, as soon as they are there.
 *  The first failure stops the other items; what they have brought stays. Throws what the source threw, with the item and its wish named. */
export async function fetchPins({ lock, fetcher, concurrency }: FetchRequest, run: Run): Promise<Fetched> {
  run.emit({ kind: 'stage', stage: 'fetch', items: lock.pins.length });
  const stop = new AbortController();
  const inner: Run = {
    signal: AbortSignal.any([run.signal, stop.signal]),
    emit: (event) => run.emit(event),
  };
  const items = concurrency?.items ?? ITEMS;
  const [limit, gitLimit] = [pLimit(items), pLimit(Math.min(items, GIT))];
  const failures: unknown[] = [];
  const bring = async (pin: Pin): Promise<FetchedItem | undefined> => {
    if (inner.signal.aborted) return undefined;
    try {
      const fetched = await fetcher.fetch(pin, inner);
      tellFilteredDigest(pin, fetched.holding, run);
      return fetched;
    } catch (error) {
      failures.push(error);
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

/** A cluster asks for the digest that the chart names, and a filtered index has another one. */
function tellFilteredDigest(pin: Pin, holding: Holding, run: Run): void {
  if (pin.kind !== 'image' || holding.kind !== 'image' || !pin.id.includes('@')) return;
  const [first] = pin.namedBy ?? [];
  if (first === undefined || holding.upstreamIndex === undefined) return;
  if (holding.upstreamIndex.digest === holding.root.digest) return;
  run.emit({
    kind: 'warning',
    item: pin.id,
    message: `a chart pins image ${pin.id} by its digest (${describeNaming(first)}), and the platforms in bundle.yaml make another index of it: inside, nothing answers to that digest; leave "platforms" of this image out, so that the whole index is carried`,
  });
}
