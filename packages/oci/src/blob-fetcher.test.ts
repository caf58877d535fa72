import { type BlobStore, type Bytes, digestOf, quietRun } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { createBlobFetcher } from './blob-fetcher.ts';

/** A store that does nothing about puts of the same blob at the same time; each waits until it is let go. */
function slowStore() {
  const waiting: Array<{ digest: string; go: (error?: Error) => void }> = [];
  const stored = new Set<string>();
  const put: BlobStore['put'] = async ({ digest }) => {
    if (stored.has(digest)) return { reused: true };
    await new Promise<void>((resolve, reject) => {
      waiting.push({ digest, go: (error) => (error ? reject(error) : resolve()) });
    });
    stored.add(digest);
    return { reused: false };
  };
  return { store: { put } as BlobStore, waiting };
}

const blob = (text: string) => ({ digest: digestOf(text), size: text.length });
const nothing = async function* (): Bytes {};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a blob fetcher', () => {
  it('puts a blob that two images want only once, and the second waits without taking a place', async () => {
    const fetcher = createBlobFetcher(2);
    const { store, waiting } = slowStore();
    // Each item may have an object of its own before the same store.
    const all = ['a', 'a', 'b'].map((text) =>
      fetcher.fetch(blob(text), nothing, { ...store }, 'image', quietRun()),
    );
    await turn();
    expect(waiting.map(({ digest }) => digest)).toEqual([digestOf('a'), digestOf('b')]);
    for (const { go } of waiting) go();
    expect((await Promise.all(all)).map(({ reused }) => reused)).toEqual([false, true, false]);
  });

  it('lets the second try where the first failed', async () => {
    const fetcher = createBlobFetcher(2);
    const { store, waiting } = slowStore();
    const first = fetcher.fetch(blob('a'), nothing, store, 'one', quietRun());
    const second = fetcher.fetch(blob('a'), nothing, store, 'other', quietRun());
    await turn();
    waiting[0]?.go(new Error('not in this repository'));
    await expect(first).rejects.toThrow('not in this repository');
    await turn();
    waiting[1]?.go();
    expect(await second).toEqual({ reused: false });
  });

  it('has no more under way than it may', async () => {
    const fetcher = createBlobFetcher(2);
    const { store, waiting } = slowStore();
    const all = ['a', 'b', 'c', 'd'].map((text) =>
      fetcher.fetch(blob(text), nothing, store, 'image', quietRun()),
    );
    for (const most of [2, 4]) {
      await turn();
      expect(waiting).toHaveLength(most);
      for (const { go } of waiting) go();
    }
    await Promise.all(all);
  });

  it('takes the biggest of those that wait, and lets a small one wait for none of them', async () => {
    const fetcher = createBlobFetcher(1);
    const { store, waiting } = slowStore();
    const sized = (text: string, size: number) => ({ digest: digestOf(text), size });
    const wanted = [
      sized('first', 3 << 20),
      sized('big', 5 << 20),
      sized('bigger', 9 << 20),
      sized('small', 9),
    ];
    const all = wanted.map((each) => fetcher.fetch(each, nothing, store, 'image', quietRun()));
    const order: string[] = [];
    for (let next = waiting.shift(); order.length < wanted.length; next = waiting.shift()) {
      if (next === undefined) await turn();
      else {
        order.push(next.digest);
        next.go();
      }
    }
    await Promise.all(all);
    expect(order).toEqual(['first', 'small', 'bigger', 'big'].map((text) => digestOf(text)));
  });
});
