import { simulatedRelease } from '@gapferry/bundle/testing';
import { type Digest, digestOf, GapferryError, quietRun, type SizedDigest } from '@gapferry/core';
import { recordCalls } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ImportRecord } from './import-outcome.ts';
import { sendableBlobs } from './prove-pending.ts';
import { provingMedium } from './proving-medium.ts';
import { first, Inside, ITEMS, listeningRun, meddledTarget } from './testing/inside.ts';
import { watchRun } from './watch-run.ts';

const NGINX = 'docker.io/library/nginx:1.27';
/** What only sending reads. */
const LAYER = digestOf('layer of nginx');
const BINARY = digestOf('k3s binary');

let inside: Inside;
beforeEach(async () => {
  inside = new Inside();
  await inside.carryFirst();
});

/** The medium, with every blob that is hashed or read, in order. */
function counted() {
  const { object, calls } = recordCalls(inside.medium);
  const read = (method: 'open' | 'check') =>
    calls
      .filter((call) => call.method === method)
      .flatMap(({ args }) => [args[0]].flat() as SizedDigest[])
      .map(({ digest }) => digest);
  return { medium: object, opened: () => read('open'), checked: () => read('check') };
}

function damage(digest: Digest): void {
  const bytes = Uint8Array.from(inside.blobs.blobs.get(digest) ?? []);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  inside.blobs.blobs.set(digest, bytes);
}

/** Kind of the ledger's entry by which a release counts as let in. */
function entryOf({ admitted }: ImportRecord): string | undefined {
  return inside.ledger.entries.find(({ index }) => index === admitted?.entry)?.kind;
}

function began(): unknown {
  return inside.ledger.entries.findLast(({ kind }) => kind === 'import.began')?.data;
}

describe('a release that was let in before', () => {
  it('is not read from the medium where nothing is to be sent, and record and ledger say so', async () => {
    await inside.importAgain();
    const { index } = inside.ledger.entries.findLast(({ kind }) => kind === 'import.finished') ?? {};
    const { medium, opened, checked } = counted();
    const { kind, record, receipt } = await inside.importAgain(medium);
    expect([kind, receipt]).toEqual(['unchanged', undefined]);
    expect(checked()).toEqual([]);
    for (const digest of [LAYER, BINARY]) expect(opened()).not.toContain(digest);
    const notRead = inside.blobs.blobs.size - new Set(opened()).size;
    expect(notRead).toBeGreaterThan(5);
    expect(record.admitted).toEqual({ entry: index, notRead });
    expect(record).not.toHaveProperty('onePass');
    expect(began()).toMatchObject({ admitted: index });
    expect(began()).not.toHaveProperty('onePass');
  });

  it('is hashed as far as a target lacks it, before the first effect, and sent then', async () => {
    await inside.importAgain();
    inside.target.store.blobs.delete(LAYER);
    const { medium, checked } = counted();
    const run = listeningRun();
    const { kind, record } = await inside.importAgain(medium, { run: watchRun(run, () => 0) });
    expect([kind, inside.target.store.blobs.has(LAYER)]).toEqual(['loaded', true]);
    expect(checked()).toContain(LAYER);
    expect(checked()).not.toContain(BINARY);
    expect(record.timing?.verification?.bytes).toBeGreaterThanOrEqual('layer of nginx'.length);
    const stages = run.events.flatMap((event) => (event.kind === 'stage' ? [event.stage] : []));
    expect(stages).toEqual(['verify', 'survey', 'verify', 'plan', 'apply']);
  });

  it('with damage in what a target lacks is refused before the first byte, and names the item', async () => {
    await inside.importAgain();
    inside.target.store.blobs.delete(LAYER);
    damage(LAYER);
    const story = inside.story;
    const [sent, read] = [recordCalls(inside.target), counted()];
    const targets = new Map([['depot', sent.object]]);
    await expect(inside.importAgain(read.medium, { targets })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(`image ${NGINX}`),
      hint: expect.stringContaining('nothing was loaded'),
    });
    expect(new Set(sent.calls.map(({ method }) => method))).toEqual(new Set(['inspect']));
    expect(read.opened()).not.toContain(LAYER);
    expect(inside.story).toEqual(story);
  });

  it('with damage in what all targets have is not refused, but by who looks at everything', async () => {
    await inside.importAgain();
    damage(LAYER);
    expect((await inside.importAgain()).kind).toBe('unchanged');
    await expect(inside.verify()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('is refused where a blob is not there or cut, needed or not', async () => {
    await inside.importAgain();
    inside.blobs.blobs.delete(LAYER);
    await expect(inside.importAgain()).rejects.toMatchObject({ code: 'BLOB_MISSING' });
    inside.blobs.blobs.set(LAYER, Buffer.from('layer'));
    await expect(inside.importAgain()).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
  });

  it('is judged by what upstream and the policy say today, whatever the ledger says', async () => {
    await inside.importAgain();
    const root = simulatedRelease(ITEMS).manifest.items.find(({ id }: { id: string }) => id === NGINX).root;
    damage(root.digest);
    await expect(inside.importAgain()).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(`image ${NGINX}`),
    });
  });

  it('counts as such when it was staged', async () => {
    await inside.stage(await inside.plan());
    const { medium, checked } = counted();
    const { kind, record } = await inside.importAgain(medium);
    expect([kind, checked()]).toEqual(['loaded', []]);
    expect(entryOf(record)).toBe('import.staged');
  });

  it('counts as such when only its names failed', async () => {
    const full = meddledTarget(inside.target, {
      load: async (load) => {
        if (load.phase === 'name')
          throw new GapferryError({ code: 'TARGET_CONFLICT', message: 'somebody was faster' });
        return await inside.target.load(load, inside.blobs, quietRun());
      },
    });
    const broken = await inside.importAgain(inside.medium, { targets: new Map([['depot', full]]) });
    expect(broken.kind).toBe('partly-loaded');
    const { medium, checked } = counted();
    const { kind, record } = await inside.importAgain(medium);
    expect([kind, checked(), entryOf(record)]).toEqual(['loaded', [], 'import.finished']);
  });

  it('gives the plan that hashing everything gives', async () => {
    await inside.importAgain();
    inside.target.store.blobs.delete(LAYER);
    const medium = provingMedium(inside.medium);
    const release = await inside.verify(first, quietRun(), { medium, ledger: inside.ledger });
    const [some, all] = [await inside.plan(first, { medium, release }), await inside.plan()];
    const { release: _, ...decided } = all;
    expect(some).toMatchObject(decided);
    expect(some.steps).toHaveLength(all.steps.length);
  });

  it('never hands a byte to a target that was not proven, foreseen or not', async () => {
    await inside.importAgain();
    const medium = provingMedium(inside.medium);
    const release = await inside.verify(first, quietRun(), { medium, ledger: inside.ledger });
    const sendable = sendableBlobs(await inside.plan(first, { medium, release }), medium);
    const layer = { digest: LAYER, size: 'layer of nginx'.length };
    expect(await sendable.has(layer, quietRun())).toBe(false);
    damage(LAYER);
    await expect(Array.fromAsync(sendable.open(layer, quietRun()))).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining(`image ${NGINX}`),
    });
    damage(LAYER);
    const chunks = await Array.fromAsync(sendable.open(layer, quietRun()));
    expect(Buffer.concat(chunks).toString()).toBe('layer of nginx');
    expect(await sendable.has(layer, quietRun())).toBe(true);
  });

  it('is read through what remembers what was proven', async () => {
    await inside.importAgain();
    await expect(inside.verify(first, quietRun(), { ledger: inside.ledger })).rejects.toMatchObject({
      code: 'INTERNAL',
    });
  });

  it('is hashed while it is sent where one pass is wanted', async () => {
    await inside.importAgain();
    const { record } = await inside.importInOnePass();
    expect(record).toHaveProperty('onePass');
    expect(record).not.toHaveProperty('admitted');
  });
});

describe('a release that was not let in before', () => {
  it('is hashed whole before a target is asked for anything', async () => {
    const { medium, checked } = counted();
    const { record } = await inside.importAgain(medium);
    expect(new Set(checked())).toEqual(new Set(inside.blobs.blobs.keys()));
    expect(record).not.toHaveProperty('admitted');
    expect(began()).not.toHaveProperty('admitted');
  });

  it('is so also where an import of it broke before everything was read back', async () => {
    const broken = { ...inside.target, readBack: () => Promise.reject(new Error('gone')) };
    await expect(
      inside.importAgain(inside.medium, { targets: new Map([['depot', broken]]) }),
    ).rejects.toThrow('gone');
    expect(inside.story).toContain('import.began');
    const { medium, checked } = counted();
    await inside.importAgain(medium);
    expect(checked()).toContain(LAYER);
  });
});
