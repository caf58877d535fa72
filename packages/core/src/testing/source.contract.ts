import { describe, expect, it } from 'vitest';
import type { BlobStore, ByteSource } from '../blobs.ts';
import type { SizedDigest } from '../descriptor.ts';
import { isInterruption } from '../errors.ts';
import type { Holding } from '../holding.ts';
import type { Pin } from '../pin.ts';
import { quietRun, type Run, type RunEvent } from '../run.ts';
import type { Source } from '../source.ts';
import { readVerified } from '../verified-bytes.ts';
import { type Wish, wishDigest } from '../wish.ts';

/** A source with an upstream of its own, for one test. It should not really wait between tries. */
export interface SourceSubject<W extends Wish, P extends Pin, H extends Holding> extends AsyncDisposable {
  readonly source: Source<W, P, H>;
  /** Upstream has it. */
  readonly wish: W;
  /** Upstream answers that there is none. */
  readonly missing: W;
  /** Nobody answers. */
  readonly unreachable: W;
  /** An empty store. */
  makeStore(): Promise<BlobStore>;
}

type MakeSubject<W extends Wish, P extends Pin, H extends Holding> = () => Promise<SourceSubject<W, P, H>>;

/** What every `Source` must do. `makeSubject` gives a fresh one each time. */
export function describeSource<W extends Wish, P extends Pin, H extends Holding>(
  name: string,
  makeSubject: MakeSubject<W, P, H>,
): void {
  describe(`${name} as a source`, () => {
    describePins(makeSubject);
    describeHoldings(makeSubject);
    describeTrouble(makeSubject);
  });
}

function describePins<W extends Wish, P extends Pin, H extends Holding>(
  makeSubject: MakeSubject<W, P, H>,
): void {
  it('pins a wish to the same identity each time it is asked', async () => {
    await using subject = await makeSubject();
    const pins = await subject.source.resolve(subject.wish, quietRun());
    expect(pins.length).toBeGreaterThan(0);
    for (const pin of pins)
      expect(pin).toMatchObject({ kind: subject.wish.kind, wish: wishDigest(subject.wish) });
    expect(new Set(pins.map(({ id }) => id)).size).toBe(pins.length);
    expect(await subject.source.resolve(subject.wish, quietRun())).toEqual(pins);
  });

  it('writes pins that survive JSON, as a lock holds them', async () => {
    await using subject = await makeSubject();
    const pins = await subject.source.resolve(subject.wish, quietRun());
    expect(JSON.parse(JSON.stringify(pins))).toEqual(pins);
  });
}

function describeHoldings<W extends Wish, P extends Pin, H extends Holding>(
  makeSubject: MakeSubject<W, P, H>,
): void {
  it('brings everything that its holding names into the store', async () => {
    await using subject = await makeSubject();
    const store = await subject.makeStore();
    for (const pin of await subject.source.resolve(subject.wish, quietRun())) {
      const holding = await subject.source.fetch(pin, store, quietRun());
      expect(holding.pin).toEqual(pin);
      const content = contentOf(holding);
      expect(content.length).toBeGreaterThan(0);
      for (const blob of content) await readVerified(blob, store.open(blob, quietRun()));
    }
  });

  it('asks for no content again that the store has', async () => {
    await using subject = await makeSubject();
    const { store, opened } = watched(await subject.makeStore());
    const [pin] = await subject.source.resolve(subject.wish, quietRun());
    const first = await subject.source.fetch(pin as P, store, quietRun());
    expect(opened.count).toBeGreaterThan(0);
    opened.count = 0;
    expect(await subject.source.fetch(pin as P, store, quietRun())).toEqual(first);
    expect(opened.count).toBe(0);
  });

  it('gives the same holding for the same pin in another store', async () => {
    await using subject = await makeSubject();
    const [pin] = await subject.source.resolve(subject.wish, quietRun());
    const one = await subject.source.fetch(pin as P, await subject.makeStore(), quietRun());
    const other = await subject.source.fetch(pin as P, await subject.makeStore(), quietRun());
    expect(other).toEqual(one);
  });

  it('tells of the item from its beginning to its end', async () => {
    await using subject = await makeSubject();
    const [pin] = await subject.source.resolve(subject.wish, quietRun());
    const events: RunEvent[] = [];
    const run: Run = { ...quietRun(), emit: (event) => events.push(event) };
    await subject.source.fetch(pin as P, await subject.makeStore(), run);
    const kinds = events.filter((event) => 'item' in event && event.item === pin?.id).map(({ kind }) => kind);
    expect([kinds.at(0), kinds.at(-1)]).toEqual(['item-started', 'item-done']);
  });
}

function describeTrouble<W extends Wish, P extends Pin, H extends Holding>(
  makeSubject: MakeSubject<W, P, H>,
): void {
  it('says SOURCE_NOT_FOUND when upstream says that there is none', async () => {
    await using subject = await makeSubject();
    await expect(resolveAndFetch(subject, subject.missing)).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      origin: 'source',
    });
  });

  it('never says so when nobody could be asked', async () => {
    await using subject = await makeSubject();
    await expect(resolveAndFetch(subject, subject.unreachable)).rejects.toMatchObject({
      category: 'transport',
    });
  });

  it('stops when the run is stopped', async () => {
    await using subject = await makeSubject();
    const [pin] = await subject.source.resolve(subject.wish, quietRun());
    const stopped = quietRun(AbortSignal.abort());
    const store = await subject.makeStore();
    await expect(
      subject.source.fetch(pin as P, store, stopped).catch((error) => isInterruption(error)),
    ).resolves.toBe(true);
  });
}

async function resolveAndFetch<W extends Wish, P extends Pin, H extends Holding>(
  { source, makeStore }: SourceSubject<W, P, H>,
  wish: W,
): Promise<void> {
  const store = await makeStore();
  for (const pin of await source.resolve(wish, quietRun())) await source.fetch(pin, store, quietRun());
}

/** Every blob a holding promises. */
function contentOf(holding: Holding): readonly SizedDigest[] {
  switch (holding.kind) {
    case 'image':
    case 'chart':
      return holding.blobs;
    case 'git':
      return holding.packs;
    case 'file':
      return 'root' in holding ? [holding.root] : holding.files;
  }
}

/** Counts how often content was asked for. */
function watched(inner: BlobStore): { store: BlobStore; opened: { count: number } } {
  const opened = { count: 0 };
  const counting =
    (bytes: ByteSource): ByteSource =>
    (from) => {
      opened.count += 1;
      return bytes(from);
    };
  const store: BlobStore = {
    has: (blob, run) => inner.has(blob, run),
    open: (blob, run) => inner.open(blob, run),
    add: (mediaType, bytes, run) => inner.add(mediaType, bytes, run),
    put: (expected, bytes, run) => inner.put(expected, counting(bytes), run),
  };
  return { store, opened };
}
