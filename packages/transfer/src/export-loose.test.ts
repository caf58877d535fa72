import type { TransferPlan } from '@gapferry/bundle';
import {
  type Bytes,
  type Descriptor,
  digestOf,
  GapferryError,
  MEDIA_TYPES,
  quietRun,
  type ReleaseFiles,
  type Run,
  type RunEvent,
  totalSize,
  uniqueByDigest,
} from '@gapferry/core';
import { type MemoryBlobStore, memoryBlobStore, memoryReleases, recordCalls } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import { exportLoose } from './export-loose.ts';
import type { LooseMedium } from './loose-medium.ts';

const ADDRESS = { channel: 'line-a', sequence: 3 };
const RELEASE: ReleaseFiles = {
  manifest: Buffer.from('{"m":3}'),
  statement: Buffer.from('{"s":3}'),
  signatures: new Map(),
  approvals: new Map([['bob-1.sigstore.json', Buffer.from('{}')]]),
};

interface MediumFake extends LooseMedium {
  readonly stored: MemoryBlobStore['blobs'];
  readonly names: Map<string, Descriptor>;
  free: number;
}

/** A medium in memory; `mangle` changes what a put stores, as a fake stick would. */
function makeMedium(
  options: { largestFile?: number; mangle?: (bytes: Uint8Array) => Uint8Array } = {},
): MediumFake {
  const blobs = memoryBlobStore();
  const names = new Map<string, Descriptor>();
  const { largestFile, mangle } = options;
  const medium: MediumFake = {
    directory: '/stick',
    stored: blobs.blobs,
    names,
    free: 1_000_000,
    has: blobs.has,
    open: blobs.open,
    add: blobs.add,
    ...memoryReleases(),
    async put(expected, source, run) {
      const outcome = await blobs.put(expected, source, run);
      const bytes = blobs.blobs.get(expected.digest);
      if (mangle !== undefined && bytes !== undefined) blobs.blobs.set(expected.digest, mangle(bytes));
      return outcome;
    },
    check: async (wanted, run) => ({ ...(await blobs.check(wanted, run)), cacheBypassed: true }),
    nameItems: async (entries) => {
      for (const { name, root } of entries) names.set(name, root);
    },
    space: async () => ({
      free: medium.free,
      blockSize: 4096,
      ...(largestFile !== undefined && { largestFile }),
    }),
    begun: async ({ digest }) => blobs.partial.get(digest)?.byteLength ?? 0,
    discard: async (digest) => void blobs.blobs.delete(digest),
    foreignNames: async () => ['photo.jpg'],
  };
  return medium;
}

async function makeDepot(sizes: readonly number[] = [10, 70_000, 200_000]) {
  const releases = memoryReleases();
  const depot = { ...memoryBlobStore(), ...releases };
  const roots: Descriptor[] = [];
  for (const size of sizes)
    roots.push(await depot.add(MEDIA_TYPES.octets, Buffer.alloc(size, `blob ${size}`), quietRun()));
  await depot.writeRelease(ADDRESS, RELEASE, quietRun());
  const blobs = uniqueByDigest(roots.map(({ digest, size }) => ({ digest, size })));
  const names = roots.slice(0, 1).map((root) => ({ name: 'docker.io/library/nginx:1', root }));
  const plan: TransferPlan = { address: ADDRESS, blobs, names, bytes: totalSize(blobs) };
  return { depot, plan };
}

it('carries every blob, the names and the release, and says what it did', async () => {
  const { depot, plan } = await makeDepot();
  const medium = makeMedium();
  const report = await exportLoose({ plan, from: depot, to: medium }, quietRun());
  expect(report).toEqual({
    address: ADDRESS,
    written: { count: 3, bytes: 270_010 },
    reused: { count: 0, bytes: 0 },
    cacheBypassed: true,
    foreign: ['photo.jpg'],
  });
  for (const { digest } of plan.blobs) expect(digestOf(medium.stored.get(digest) ?? '')).toBe(digest);
  expect([...medium.names.keys()]).toEqual(['docker.io/library/nginx:1']);
  expect((await medium.readRelease(ADDRESS)).manifest).toEqual(RELEASE.manifest);
});

it('writes blobs, then names, then the release, and reads back last', async () => {
  const { depot, plan } = await makeDepot();
  const { object, methods } = recordCalls<LooseMedium>(makeMedium());
  await exportLoose({ plan, from: depot, to: object }, quietRun());
  const acts = methods().filter((method) => /^(space|put|nameItems|writeRelease|check)$/.test(method));
  expect(acts).toEqual(['space', 'put', 'put', 'put', 'nameItems', 'writeRelease', 'check']);
});

it('writes nothing a second time, and reads everything back again', async () => {
  const { depot, plan } = await makeDepot();
  const medium = makeMedium();
  await exportLoose({ plan, from: depot, to: medium }, quietRun());
  const { object, methods } = recordCalls<LooseMedium>(medium);
  const report = await exportLoose({ plan, from: depot, to: object }, quietRun());
  expect([report.written, report.reused]).toEqual([
    { count: 0, bytes: 0 },
    { count: 3, bytes: 270_010 },
  ]);
  expect(methods()).not.toContain('put');
  expect(methods()).toContain('check');
});

describe('before anything is written', () => {
  const untouched = (methods: string[]): boolean =>
    !methods.some((method) => /^(put|nameItems|writeRelease)$/.test(method));

  it('stops when it does not fit, and says by how much', async () => {
    const { depot, plan } = await makeDepot();
    const medium = makeMedium();
    medium.free = 100_000;
    const { object, methods } = recordCalls<LooseMedium>(medium);
    const error = await exportLoose({ plan, from: depot, to: object }, quietRun()).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'NO_SPACE', origin: 'medium', data: { free: 100_000 } });
    const { needed, missing } = (error as GapferryError).data as { needed: number; missing: number };
    expect(needed).toBeGreaterThan(plan.bytes + 3 * 4096);
    expect(missing).toBe(needed - 100_000);
    expect(untouched(methods())).toBe(true);
  });

  it('counts only what is not there yet', async () => {
    const { depot, plan } = await makeDepot();
    const medium = makeMedium();
    const [largest] = plan.blobs.filter(({ size }) => size === 200_000);
    if (largest !== undefined)
      await medium.put(largest, (from) => drop(depot.open(largest, quietRun()), from), quietRun());
    medium.free = 130_000;
    await exportLoose({ plan, from: depot, to: medium }, quietRun());
  });

  it('fits exactly when every byte it counts is free, and not with one less', async () => {
    const { depot, plan } = await makeDepot();
    const medium = makeMedium();
    medium.free = 0;
    const error = await exportLoose({ plan, from: depot, to: medium }, quietRun()).catch(
      (thrown: unknown) => thrown,
    );
    const needed = Number((error as GapferryError).data['needed']);
    medium.free = needed - 1;
    await expect(exportLoose({ plan, from: depot, to: medium }, quietRun())).rejects.toMatchObject({
      data: { missing: 1 },
    });
    medium.free = needed;
    await exportLoose({ plan, from: depot, to: medium }, quietRun());
  });

  it('stops when a blob is larger than a file may be', async () => {
    const { depot, plan } = await makeDepot();
    const { object, methods } = recordCalls<LooseMedium>(makeMedium({ largestFile: 199_999 }));
    const exporting = exportLoose({ plan, from: depot, to: object }, quietRun());
    await expect(exporting).rejects.toMatchObject({
      code: 'NO_SPACE',
      data: { size: 200_000, limit: 199_999 },
    });
    expect(untouched(methods())).toBe(true);
    await exportLoose({ plan, from: depot, to: makeMedium({ largestFile: 200_000 }) }, quietRun());
  });

  it('stops when the depot itself is not whole', async () => {
    const { depot, plan } = await makeDepot();
    depot.blobs.delete(plan.blobs[1]?.digest ?? digestOf(''));
    const { object, methods } = recordCalls<LooseMedium>(makeMedium());
    const exporting = exportLoose({ plan, from: depot, to: object }, quietRun());
    await expect(exporting).rejects.toMatchObject({ code: 'BLOB_MISSING', origin: 'depot' });
    expect(untouched(methods())).toBe(true);
  });

  it('stops when there is no such release', async () => {
    const { depot, plan } = await makeDepot();
    const other = { ...plan, address: { channel: 'line-a', sequence: 4 } };
    const exporting = exportLoose({ plan: other, from: depot, to: makeMedium() }, quietRun());
    await expect(exporting).rejects.toMatchObject({ code: 'RELEASE_NOT_FOUND' });
  });
});

describe('interrupted', () => {
  it('leaves no release, and goes on where it stopped', async () => {
    const { depot, plan } = await makeDepot([300_000, 70_000]);
    const medium = makeMedium();
    const stop = new AbortController();
    let told = 0;
    const run: Run = {
      signal: stop.signal,
      emit(event) {
        if (event.kind === 'bytes') told += event.bytes;
        if (told >= 150_000) stop.abort();
      },
    };
    const exporting = exportLoose({ plan, from: depot, to: medium, parallel: 1 }, run);
    await expect(exporting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await medium.listReleases()).toEqual([]);
    const begun = await Promise.all(plan.blobs.map((blob) => medium.begun(blob)));
    const kept = Math.max(...begun) + totalSize(plan.blobs.filter(({ digest }) => medium.stored.has(digest)));
    expect(kept).toBeGreaterThan(0);
    await exportLoose({ plan, from: depot, to: medium }, quietRun());
    expect(await medium.listReleases()).toEqual([ADDRESS]);
  });

  it('by one failing blob begins no other, and throws that failure', async () => {
    const { depot, plan } = await makeDepot([1000, 2000, 3000, 4000]);
    const medium = makeMedium();
    let puts = 0;
    const failing: LooseMedium = {
      ...medium,
      async put() {
        puts += 1;
        throw new GapferryError({ code: 'STORAGE_FAILED', message: 'the stick is gone' });
      },
    };
    const exporting = exportLoose({ plan, from: depot, to: failing, parallel: 1 }, quietRun());
    await expect(exporting).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(puts).toBe(1);
    expect(await medium.listReleases()).toEqual([]);
  });
});

describe('a medium that does not give back what was written', () => {
  it('is refused, and written anew by the next export', async () => {
    const { depot, plan } = await makeDepot();
    let bad = true;
    const mangle = (bytes: Uint8Array): Uint8Array =>
      bad && bytes.byteLength === 70_000 ? Uint8Array.from(bytes).fill(0, 4096, 8192) : bytes;
    const medium = makeMedium({ mangle });
    const exporting = exportLoose({ plan, from: depot, to: medium }, quietRun());
    await expect(exporting).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      origin: 'medium',
      data: { count: 1, bad: [{ size: 70_000, state: 'damaged' }] },
    });
    bad = false;
    const report = await exportLoose({ plan, from: depot, to: medium }, quietRun());
    expect(report.written).toEqual({ count: 1, bytes: 70_000 });
  });

  it('is refused when the release files differ', async () => {
    const { depot, plan } = await makeDepot();
    const medium = makeMedium();
    const lying: LooseMedium = {
      ...medium,
      readRelease: async () => ({ ...RELEASE, statement: Buffer.from('{}') }),
    };
    const exporting = exportLoose({ plan, from: depot, to: lying }, quietRun());
    await expect(exporting).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});

it('tells every byte once: written, or reused', async () => {
  const { depot, plan } = await makeDepot();
  const medium = makeMedium();
  const events: RunEvent[] = [];
  const run: Run = { ...quietRun(), emit: (event) => events.push(event) };
  await exportLoose({ plan, from: depot, to: medium }, run);
  await exportLoose({ plan, from: depot, to: medium }, run);
  const sum = (reused: boolean): number =>
    events.reduce(
      (all, event) => all + (event.kind === 'bytes' && (event.reused ?? false) === reused ? event.bytes : 0),
      0,
    );
  expect([sum(false), sum(true)]).toEqual([plan.bytes, plan.bytes]);
  expect(events.filter(({ kind }) => kind === 'stage')).toHaveLength(4);
});

async function* drop(bytes: Bytes, count: number): Bytes {
  let at = 0;
  for await (const chunk of bytes) {
    if (at + chunk.byteLength > count) yield chunk.subarray(Math.max(count - at, 0));
    at += chunk.byteLength;
  }
}
