import { describe, expect, it } from 'vitest';
import { RELEASE_LIMITS, type ReleaseFiles, type ReleaseReader, type ReleaseWriter } from '../releases.ts';
import { quietRun } from '../run.ts';

type ReleaseStore = ReleaseReader & ReleaseWriter;

/** What every `ReleaseReader & ReleaseWriter` must do. `makeStore` gives an empty one each time. */
export function describeReleaseStore(name: string, makeStore: () => Promise<ReleaseStore>): void {
  describe(`${name} as a release store`, () => {
    describeRoundTrip(makeStore);
    describeRefusals(makeStore);
  });
}

const ADDRESS = { channel: 'line-a', sequence: 17 } as const;

function describeRoundTrip(makeStore: () => Promise<ReleaseStore>): void {
  it('gives a release back as it was written', async () => {
    const store = await makeStore();
    await store.writeRelease(ADDRESS, fullRelease(), quietRun());
    expect(toText(await store.readRelease(ADDRESS))).toEqual(toText(fullRelease()));
  });

  it('gives back a release without packs, signatures and approvals', async () => {
    const store = await makeStore();
    await store.writeRelease(ADDRESS, smallRelease(), quietRun());
    const read = await store.readRelease(ADDRESS);
    expect('packs' in read).toBe(false);
    expect(toText(read)).toEqual(toText(smallRelease()));
  });

  it('lists releases by channel, then by number', async () => {
    const store = await makeStore();
    for (const [channel, sequence] of [
      ['b', 1],
      ['a', 10],
      ['a', 9],
      ['a', Number.MAX_SAFE_INTEGER],
    ] as const)
      await store.writeRelease({ channel, sequence }, smallRelease(), quietRun());
    expect(await store.listReleases()).toEqual([
      { channel: 'a', sequence: 9 },
      { channel: 'a', sequence: 10 },
      { channel: 'a', sequence: Number.MAX_SAFE_INTEGER },
      { channel: 'b', sequence: 1 },
    ]);
  });

  it('takes the same release again and changes nothing', async () => {
    const store = await makeStore();
    await store.writeRelease(ADDRESS, fullRelease(), quietRun());
    await store.writeRelease(ADDRESS, fullRelease(), quietRun());
    expect(toText(await store.readRelease(ADDRESS))).toEqual(toText(fullRelease()));
  });

  it('adds signatures and approvals that came later, and keeps the earlier ones', async () => {
    const store = await makeStore();
    await store.writeRelease(ADDRESS, fullRelease(), quietRun());
    const later = {
      ...fullRelease(),
      signatures: new Map(),
      approvals: new Map([['carol-1.sigstore.json', bytes('carol')]]),
    };
    await store.writeRelease(ADDRESS, later, quietRun());
    const { signatures, approvals } = await store.readRelease(ADDRESS);
    expect([...signatures.keys()]).toEqual(['second.sigstore.json']);
    expect([...approvals.keys()].sort()).toEqual(['bob-1.sigstore.json', 'carol-1.sigstore.json']);
  });
}

function describeRefusals(makeStore: () => Promise<ReleaseStore>): void {
  it('says RELEASE_NOT_FOUND for a release that is not there', async () => {
    const store = await makeStore();
    await expect(store.readRelease(ADDRESS)).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' });
  });

  it.each(['manifest', 'statement', 'packs'] as const)('never rewrites the %s of a release', async (part) => {
    const store = await makeStore();
    await store.writeRelease(ADDRESS, fullRelease(), quietRun());
    const other = { ...fullRelease(), [part]: bytes('other') };
    await expect(store.writeRelease(ADDRESS, other, quietRun())).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
    expect(toText(await store.readRelease(ADDRESS))).toEqual(toText(fullRelease()));
  });

  it('never rewrites an approval', async () => {
    const store = await makeStore();
    await store.writeRelease(ADDRESS, fullRelease(), quietRun());
    const other = { ...fullRelease(), approvals: new Map([['bob-1.sigstore.json', bytes('other')]]) };
    await expect(store.writeRelease(ADDRESS, other, quietRun())).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
  });

  it.each(['', '.', '..', 'A', 'a/b', '-a', 'ä', 'a'.repeat(64)])(
    'refuses the channel name "%s"',
    async (channel) => {
      const store = await makeStore();
      const writing = store.writeRelease({ channel, sequence: 1 }, smallRelease(), quietRun());
      await expect(writing).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
      await expect(store.readRelease({ channel, sequence: 1 })).rejects.toMatchObject({
        code: 'NAME_UNSAFE',
      });
    },
  );

  it.each([0, -1, 1.5, 2 ** 53, Number.NaN])('refuses the sequence %d', async (sequence) => {
    const store = await makeStore();
    const writing = store.writeRelease({ channel: 'a', sequence }, smallRelease(), quietRun());
    await expect(writing).rejects.toMatchObject({ code: 'NAME_UNSAFE' });
  });

  it.each(['../x.sigstore.json', 'x.json', '.sigstore.json', 'a/b.sigstore.json'])(
    'refuses the signature file name "%s"',
    async (name) => {
      const store = await makeStore();
      const files = { ...smallRelease(), signatures: new Map([[name, bytes('s')]]) };
      await expect(store.writeRelease(ADDRESS, files, quietRun())).rejects.toMatchObject({
        code: 'NAME_UNSAFE',
      });
    },
  );

  it('refuses to write what it would refuse to read', async () => {
    const store = await makeStore();
    const large = { ...smallRelease(), statement: new Uint8Array(RELEASE_LIMITS.statement + 1) };
    await expect(store.writeRelease(ADDRESS, large, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    const names = Array.from({ length: RELEASE_LIMITS.signatures + 1 }, (_, i) => `k${i}.sigstore.json`);
    const many = { ...smallRelease(), signatures: new Map(names.map((name) => [name, bytes(name)])) };
    await expect(store.writeRelease(ADDRESS, many, quietRun())).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    expect(await store.listReleases()).toEqual([]);
  });

  it('writes nothing for a run that was stopped before', async () => {
    const store = await makeStore();
    const writing = store.writeRelease(ADDRESS, smallRelease(), quietRun(AbortSignal.abort()));
    await expect(writing).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await store.listReleases()).toEqual([]);
  });
}

function smallRelease(): ReleaseFiles {
  return {
    manifest: bytes('{"m":1}'),
    statement: bytes('{"s":1}'),
    signatures: new Map(),
    approvals: new Map(),
  };
}

function fullRelease(): ReleaseFiles {
  return {
    ...smallRelease(),
    packs: bytes('{"p":1}'),
    signatures: new Map([['second.sigstore.json', bytes('{"two":2}')]]),
    approvals: new Map([['bob-1.sigstore.json', bytes('{"bob":1}')]]),
  };
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** As plain text, so that a difference reads well and the kind of byte array does not matter. */
function toText(files: ReleaseFiles): Record<string, unknown> {
  const text = (value: Uint8Array): string => new TextDecoder().decode(value);
  const entries = (map: ReadonlyMap<string, Uint8Array>): Array<[string, string]> =>
    [...map].map(([name, value]): [string, string] => [name, text(value)]).sort();
  return {
    manifest: text(files.manifest),
    packs: files.packs === undefined ? undefined : text(files.packs),
    statement: text(files.statement),
    signatures: entries(files.signatures),
    approvals: entries(files.approvals),
  };
}
