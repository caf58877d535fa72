import { setImmediate } from 'node:timers/promises';
import {
  type BlobReader,
  type Bytes,
  type Digest,
  digestOf,
  quietRun,
  type SizedDigest,
} from '@gapferry/core';
import { memoryBlobStore, memoryTarget } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { sharedReads } from './shared-reads.ts';
import { first, Inside } from './testing/inside.ts';

const CHUNK = 65_536;
const LONG = { window: 2 * CHUNK, patience: 600_000 };
const SHORT = { window: 2 * CHUNK, patience: 1 };
const run = quietRun();

let store: ReturnType<typeof memoryBlobStore>;
let opened: Digest[];
/** Reads that were not ended. */
let open: number;
let medium: BlobReader;
beforeEach(() => {
  store = memoryBlobStore();
  opened = [];
  open = 0;
  medium = {
    has: (blob, inner) => store.has(blob, inner),
    open: (blob, inner) => counted(store.open(blob, inner), blob.digest),
  };
});

async function* counted(bytes: Bytes, digest: Digest): Bytes {
  opened.push(digest);
  open += 1;
  try {
    yield* bytes;
  } finally {
    open -= 1;
  }
}

async function put(chunks: number, seed: number): Promise<SizedDigest> {
  const bytes = Buffer.alloc(chunks * CHUNK - 7, `${seed} and so on, `);
  return await store.add('application/octet-stream', bytes, run);
}

/** A consumer that takes chunks when it is told to. */
class Consumer {
  readonly #bytes: AsyncIterator<Uint8Array>;
  readonly chunks: Buffer[] = [];
  constructor(bytes: Bytes) {
    this.#bytes = bytes[Symbol.asyncIterator]();
  }
  async take(count = Number.POSITIVE_INFINITY): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      const { done, value } = await this.#bytes.next();
      if (done) return;
      this.chunks.push(Buffer.from(value));
    }
  }
  leave(): Promise<unknown> {
    return this.#bytes.return?.() ?? Promise.resolve();
  }
  get digest(): Digest {
    return digestOf(Buffer.concat(this.chunks));
  }
}

function consumers(blob: SizedDigest, limits = LONG): [Consumer, Consumer] {
  const shared = sharedReads(medium, new Set([blob.digest]), limits);
  return [new Consumer(shared.open(blob, run)), new Consumer(shared.open(blob, run))];
}

async function settle(): Promise<void> {
  for (let n = 0; n < 50; n += 1) await setImmediate();
}

describe('a blob that two want at the same time', () => {
  it('is read once', async () => {
    const blob = await put(9, 1);
    const [one, other] = consumers(blob);
    await Promise.all([one.take(), other.take()]);
    expect([one.digest, other.digest, opened]).toEqual([blob.digest, blob.digest, [blob.digest]]);
    expect(open).toBe(0);
  });

  it('is read once also when one comes while the beginning is still kept', async () => {
    const blob = await put(9, 1);
    const [one, other] = consumers(blob);
    await one.take(1);
    await settle();
    await Promise.all([one.take(), other.take()]);
    expect([one.digest, other.digest, opened.length]).toEqual([blob.digest, blob.digest, 1]);
  });

  it('is read again by who comes later, and by nobody else', async () => {
    const blob = await put(9, 1);
    const [one, other] = consumers(blob);
    await one.take(3);
    await other.take();
    await one.take();
    expect([one.digest, other.digest, opened.length, open]).toEqual([blob.digest, blob.digest, 2, 0]);
  });

  it('is read as fast as the slower one takes it', async () => {
    const blob = await put(9, 1);
    const [one, other] = consumers(blob);
    await Promise.all([one.take(1), other.take(1)]);
    const going = one.take();
    await settle();
    expect(one.chunks.length).toBe(3);
    await other.take(3);
    await settle();
    expect(one.chunks.length).toBe(6);
    await Promise.all([going, other.take()]);
    expect([one.digest, other.digest, opened.length]).toEqual([blob.digest, blob.digest, 1]);
  });

  it('is read on by itself where one stands still, and that one gets all of it too', async () => {
    const blob = await put(9, 1);
    const [one, other] = consumers(blob, SHORT);
    await Promise.all([one.take(1), other.take(1)]);
    await one.take();
    expect(one.digest).toBe(blob.digest);
    await other.take();
    expect([other.digest, opened.length, open]).toEqual([blob.digest, 2, 0]);
  });

  it('stays with one when the other leaves, whoever began', async () => {
    const blob = await put(9, 1);
    for (const [first, second] of [
      [0, 1],
      [1, 0],
    ] as const) {
      opened = [];
      const pair = consumers(blob);
      await Promise.all([pair[0].take(1), pair[1].take(1)]);
      await pair[first].leave();
      await pair[second].take();
      expect([pair[second].digest, opened.length, open]).toEqual([blob.digest, 1, 0]);
    }
  });

  it('is given up when both leave', async () => {
    const [one, other] = consumers(await put(9, 1));
    await Promise.all([one.take(1), other.take(1)]);
    await Promise.all([one.leave(), other.leave()]);
    expect(open).toBe(0);
  });

  it('fails for both when it is damaged, also for one that stood still', async () => {
    const blob = await put(9, 1);
    (store.blobs.get(blob.digest) as Uint8Array)[5 * CHUNK] = 0;
    for (const limits of [LONG, SHORT]) {
      const [one, other] = consumers(blob, limits);
      const ends = await Promise.allSettled([one.take(), other.take()]);
      for (const end of ends) expect(end).toMatchObject({ reason: { code: 'DIGEST_MISMATCH' } });
    }
    const [one, other] = consumers(blob, SHORT);
    await other.take(1);
    await expect(one.take()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await expect(other.take()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(open).toBe(0);
  });

  it('fails for one that stood still when its beginning was not what is read now', async () => {
    const blob = await put(9, 1);
    for (const wrong of [0, 1]) {
      const right = store.blobs.get(blob.digest) as Uint8Array;
      const lie = Buffer.from(right);
      lie[wrong * CHUNK + 3] = 0;
      store.blobs.set(blob.digest, lie);
      const [one, other] = consumers(blob, SHORT);
      await Promise.all([one.take(2), other.take(2)]);
      await expect(one.take()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      store.blobs.set(blob.digest, right);
      await expect(other.take()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    }
    expect(open).toBe(0);
  });

  it('does not tie those together who wait for each other over two blobs', async () => {
    const [a, b] = [await put(9, 1), await put(9, 2)];
    const shared = sharedReads(medium, new Set([a.digest, b.digest]), SHORT);
    const nested = async (outer: SizedDigest, inner: SizedDigest): Promise<Digest[]> => {
      const [holding, whole] = [new Consumer(shared.open(outer, run)), new Consumer(shared.open(inner, run))];
      await holding.take(1);
      await settle();
      await whole.take();
      await holding.take();
      return [holding.digest, whole.digest];
    };
    const [one, other] = await Promise.all([nested(a, b), nested(b, a)]);
    expect([one, other, open]).toEqual([[a.digest, b.digest], [b.digest, a.digest], 0]);
  });

  it('is read by twenty at different paces', async () => {
    const blob = await put(20, 1);
    const shared = sharedReads(medium, new Set([blob.digest]), { window: 4 * CHUNK, patience: 600_000 });
    const many = Array.from({ length: 20 }, () => new Consumer(shared.open(blob, run)));
    const all = many.map(async (one, pace) => {
      for (let n = 0; n < 30; n += 1) {
        await one.take(1);
        for (let wait = 0; wait < pace; wait += 1) await setImmediate();
      }
    });
    await Promise.all(all);
    expect(new Set(many.map(({ digest }) => digest))).toEqual(new Set([blob.digest]));
    expect([opened.length, open]).toEqual([1, 0]);
  });
});

it('reads everything else as always', async () => {
  const blob = await put(2, 1);
  const shared = sharedReads(medium, new Set(), LONG);
  const [one, other] = [new Consumer(shared.open(blob, run)), new Consumer(shared.open(blob, run))];
  await Promise.all([one.take(), other.take()]);
  expect(opened.length).toBe(2);
  expect(await shared.has(blob, run)).toBe(true);
});

it('stops on request', async () => {
  const blob = await put(9, 1);
  const stop = new AbortController();
  const shared = sharedReads(medium, new Set([blob.digest]), LONG);
  const one = new Consumer(shared.open(blob, quietRun(stop.signal)));
  const other = new Consumer(shared.open(blob, run));
  await Promise.all([one.take(1), other.take(1)]);
  stop.abort();
  await expect(one.take()).rejects.toMatchObject({ code: 'INTERRUPTED' });
  await other.take();
  expect([other.digest, opened.length]).toEqual([blob.digest, 1]);
});

it('reads once in an import what two targets are sent', async () => {
  const inside = new Inside();
  const text = 'layer of nginx';
  await inside.carryFirst({ images: { 'docker.io/library/nginx:1.27': 'nginx' }, files: { layer: text } });
  inside.rules = [
    { name: 'depot', takes: ['image'] },
    { name: 'files', takes: ['file'] },
  ];
  const files = memoryTarget('files');
  const targets = new Map([...inside.targets, ['files', files]]);
  const plan = await inside.plan(first, { targets });
  const slow = {
    ...inside.blobs,
    open: (blob: SizedDigest) => {
      const bytes = inside.blobs.open(blob, run);
      return counted(blob.digest === digestOf(text) ? late(bytes) : bytes, blob.digest);
    },
  };
  expect((await inside.apply(plan, { medium: slow, targets })).kind).toBe('loaded');
  expect(opened.filter((digest) => digest === digestOf(text))).toHaveLength(1);
  for (const { store } of [inside.target, files]) expect(store.blobs.has(digestOf(text))).toBe(true);
});

async function* late(bytes: Bytes): Bytes {
  await settle();
  yield* bytes;
}
