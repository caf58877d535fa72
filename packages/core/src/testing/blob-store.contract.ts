import { describe, expect, it } from 'vitest';
import type { BlobStore, ByteSource, Bytes } from '../blobs.ts';
import type { SizedDigest } from '../descriptor.ts';
import { digestOf } from '../digest.ts';
import { GapferryError } from '../errors.ts';
import { quietRun } from '../run.ts';

/** What every `BlobReader & BlobWriter` must do. `makeStore` gives an empty one each time. */
export function describeBlobStore(name: string, makeStore: () => Promise<BlobStore>): void {
  describe(`${name} as a blob store`, () => {
    describeReading(makeStore);
    describeWriting(makeStore);
    describeWrongData(makeStore);
    describeBrokenTrips(makeStore);
  });
}

type MakeStore = () => Promise<BlobStore>;

function describeReading(makeStore: MakeStore): void {
  it('has a blob after the put and not before', async () => {
    const store = await makeStore();
    const { blob, source } = sample('one blob');
    expect(await store.has(blob, quietRun())).toBe(false);
    await store.put(blob, source, quietRun());
    expect(await store.has(blob, quietRun())).toBe(true);
  });

  it('does not have a blob of the right digest and another size', async () => {
    const store = await makeStore();
    const { blob, source } = sample('sized');
    await store.put(blob, source, quietRun());
    expect(await store.has({ ...blob, size: blob.size + 1 }, quietRun())).toBe(false);
  });

  it.each([0, 1, 65_536, 1_048_575, 1_048_576, 1_048_577, 2_097_153])(
    'gives back %i bytes as they were put',
    async (size) => {
      const store = await makeStore();
      const bytes = pattern(size);
      const blob = { digest: digestOf(bytes), size };
      await store.put(blob, sourceOf(bytes, 64_000), quietRun());
      expect(Buffer.compare(await collect(store.open(blob, quietRun())), bytes)).toBe(0);
    },
  );

  it('says BLOB_MISSING for a blob that is not there', async () => {
    const store = await makeStore();
    await expect(collect(store.open(sample('nowhere').blob, quietRun()))).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    });
  });

  it('refuses to read a blob whose size is not the expected one', async () => {
    const store = await makeStore();
    const { blob, source } = sample('some content');
    await store.put(blob, source, quietRun());
    const opened = collect(store.open({ ...blob, size: blob.size - 1 }, quietRun()));
    await expect(opened).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  it('may be read by several at once, and left before the end', async () => {
    const store = await makeStore();
    const bytes = pattern(3_000_000);
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    await store.put(blob, sourceOf(bytes), quietRun());
    const early = (async () => {
      for await (const chunk of store.open(blob, quietRun())) return chunk.byteLength;
      return 0;
    })();
    const [one, two, first] = await Promise.all([
      collect(store.open(blob, quietRun())),
      collect(store.open(blob, quietRun())),
      early,
    ]);
    expect(Buffer.compare(one, bytes)).toBe(0);
    expect(Buffer.compare(two, bytes)).toBe(0);
    expect(first).toBeGreaterThan(0);
  });
}

function describeWriting(makeStore: MakeStore): void {
  it('does not ask for a blob that is there already', async () => {
    const store = await makeStore();
    const { blob, source } = sample('twice');
    expect(await store.put(blob, source, quietRun())).toEqual({ reused: false });
    expect(await store.put(blob, neverAsked, quietRun())).toEqual({ reused: true });
  });

  it('asks once when the same blob is put twice at the same time', async () => {
    const store = await makeStore();
    const bytes = pattern(100_000);
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    let asked = 0;
    const source: ByteSource = (from) => {
      asked += 1;
      return sourceOf(bytes, 1000)(from);
    };
    const outcomes = await Promise.all([
      store.put(blob, source, quietRun()),
      store.put(blob, source, quietRun()),
    ]);
    expect(asked).toBe(1);
    expect(outcomes.map(({ reused }) => reused).sort()).toEqual([false, true]);
  });

  it('copes with a producer that reuses its chunk', async () => {
    const store = await makeStore();
    const bytes = pattern(2_500_000);
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    await store.put(blob, reusingSource(bytes, 65_536), quietRun());
    expect(Buffer.compare(await collect(store.open(blob, quietRun())), bytes)).toBe(0);
  });

  it('adds small bytes under the digest it finds', async () => {
    const store = await makeStore();
    const bytes = Buffer.from('{"schemaVersion":2}');
    const descriptor = await store.add('application/json', bytes, quietRun());
    expect(descriptor).toEqual({ mediaType: 'application/json', digest: digestOf(bytes), size: 19 });
    expect(Buffer.compare(await collect(store.open(descriptor, quietRun())), bytes)).toBe(0);
  });
}

function describeWrongData(makeStore: MakeStore): void {
  const wrong: ReadonlyArray<readonly [string, string, string]> = [
    ['other bytes of the same length', 'conTent', 'DIGEST_MISMATCH'],
    ['bytes that end early', 'cont', 'SIZE_MISMATCH'],
    ['bytes that go on', 'content and more', 'SIZE_MISMATCH'],
    ['no bytes', '', 'SIZE_MISMATCH'],
  ];
  it.each(wrong)('keeps nothing of %s', async (_what, given, code) => {
    const store = await makeStore();
    const { blob, source } = sample('content');
    const putting = store.put(blob, sourceOf(Buffer.from(given)), quietRun());
    await expect(putting).rejects.toMatchObject({ code, retryable: false });
    expect(await store.has(blob, quietRun())).toBe(false);
    const froms: number[] = [];
    await store.put(blob, noting(froms, source), quietRun());
    expect(froms).toEqual([0]);
  });

  it('refuses bytes where an empty blob is expected', async () => {
    const store = await makeStore();
    const putting = store.put(sample('').blob, sourceOf(Buffer.from('x')), quietRun());
    await expect(putting).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });
}

function describeBrokenTrips(makeStore: MakeStore): void {
  it('asks only for the rest after a trip that was cut', async () => {
    const store = await makeStore();
    const bytes = pattern(2_000_000);
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    const putting = store.put(blob, cutSource(bytes, 1_500_000), quietRun());
    await expect(putting).rejects.toMatchObject({ code: 'CONNECTION_CUT' });
    expect(await store.has(blob, quietRun())).toBe(false);
    const froms: number[] = [];
    await store.put(blob, noting(froms, sourceOf(bytes)), quietRun());
    expect(froms).toEqual([1_500_000]);
    expect(Buffer.compare(await collect(store.open(blob, quietRun())), bytes)).toBe(0);
  });

  it('asks again from the beginning when what a cut trip left turns out to be wrong', async () => {
    const store = await makeStore();
    const bytes = pattern(200_000);
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    const other = Uint8Array.from(bytes, (byte) => byte ^ 1);
    await expect(store.put(blob, cutSource(other, 100_000), quietRun())).rejects.toMatchObject({
      code: 'CONNECTION_CUT',
    });
    const froms: number[] = [];
    await store.put(blob, noting(froms, sourceOf(bytes)), quietRun());
    expect(froms).toEqual([100_000, 0]);
    expect(Buffer.compare(await collect(store.open(blob, quietRun())), bytes)).toBe(0);
  });

  it('lets a second put go on with its own source when the first one fails', async () => {
    const store = await makeStore();
    const bytes = pattern(100_000);
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    const first = store.put(blob, cutSource(bytes, 10_000), quietRun());
    const second = store.put(blob, sourceOf(bytes), quietRun());
    await expect(first).rejects.toMatchObject({ code: 'CONNECTION_CUT' });
    expect(await second).toEqual({ reused: false });
  });

  it('stops on request, and keeps nothing under the name', async () => {
    const store = await makeStore();
    const bytes = pattern(100_000);
    const blob = { digest: digestOf(bytes), size: bytes.byteLength };
    const stop = new AbortController();
    const source = async function* (from: number): Bytes {
      yield bytes.subarray(from, 50_000);
      stop.abort();
      yield bytes.subarray(50_000);
    };
    await expect(store.put(blob, source, quietRun(stop.signal))).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(await store.has(blob, quietRun())).toBe(false);
  });

  it('does nothing for a run that was stopped before', async () => {
    const store = await makeStore();
    const { blob } = sample('late');
    const run = quietRun(AbortSignal.abort());
    await expect(store.put(blob, neverAsked, run)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await expect(store.has(blob, run)).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
}

function sample(text: string): { blob: SizedDigest; source: ByteSource } {
  const bytes = Buffer.from(text);
  return { blob: { digest: digestOf(bytes), size: bytes.byteLength }, source: sourceOf(bytes) };
}

/** Bytes without a period that fits a chunk, so that a misplaced chunk changes the digest. */
function pattern(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >>> 8) * 7 + (i >>> 16)) & 0xff;
  return bytes;
}

function sourceOf(bytes: Uint8Array, chunk: number = 65_536): ByteSource {
  return async function* (from) {
    for (let at = from; at < bytes.byteLength; at += chunk) yield bytes.subarray(at, at + chunk);
  };
}

/** Writes down from where it was asked. */
function noting(froms: number[], source: ByteSource): ByteSource {
  return (from) => {
    froms.push(from);
    return source(from);
  };
}

/** Overwrites each chunk as soon as the next one is asked for. */
function reusingSource(bytes: Uint8Array, size: number): ByteSource {
  return async function* (from) {
    const chunk = new Uint8Array(size);
    for (let at = from; at < bytes.byteLength; at += size) {
      const part = bytes.subarray(at, at + size);
      chunk.set(part);
      yield chunk.subarray(0, part.byteLength);
      chunk.fill(0xee);
    }
  };
}

function cutSource(bytes: Uint8Array, after: number): ByteSource {
  return async function* (from) {
    yield* sourceOf(bytes.subarray(0, after))(from);
    throw new GapferryError({ code: 'CONNECTION_CUT', message: 'the connection was cut', retryable: true });
  };
}

function neverAsked(): Bytes {
  throw new Error('asked for bytes that are there already');
}

async function collect(bytes: Bytes): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk.slice());
  return Buffer.concat(chunks);
}
