import { simulatedRelease } from '@gapferry/bundle/testing';
import { type BlobReader, GapferryError, quietRun, type ReleaseReader } from '@gapferry/core';
import { memoryBlobStore } from '@gapferry/testkit';
import { describe, expect, it } from 'vitest';
import type { ImportOutcome } from './import-outcome.ts';
import { readForNames } from './read-for-names.ts';
import { first, Inside, ITEMS, secondRelease } from './testing/inside.ts';

/** What a site keeps of the release: the signed release, and the blobs that `readForNames` reads. */
async function kept(inside: Inside): Promise<ReleaseReader & BlobReader> {
  const store = memoryBlobStore();
  const reader: BlobReader = {
    has: (blob, run) => inside.blobs.has(blob, run),
    open: (blob, run) => {
      const bytes = inside.blobs.blobs.get(blob.digest);
      if (bytes !== undefined) store.blobs.set(blob.digest, bytes);
      return inside.blobs.open(blob, run);
    },
  };
  await readForNames(await inside.verify(), reader, quietRun());
  return { ...inside.releases, ...store };
}

async function activate(inside: Inside, medium: ReleaseReader & BlobReader): Promise<ImportOutcome> {
  const release = await inside.readmit(medium);
  return await inside.apply(await inside.plan(first, { medium, release }), { medium });
}

/** A site at which the first release was staged, and what it keeps of it. The stick is gone. */
async function staged(): Promise<{ inside: Inside; medium: ReleaseReader & BlobReader }> {
  const inside = new Inside();
  await inside.carryFirst();
  const medium = await kept(inside);
  await inside.stage(await inside.plan());
  inside.blobs.blobs.clear();
  return { inside, medium };
}

describe('a staged release', () => {
  it('is at its targets with every blob, and shows no name', async () => {
    const inside = new Inside();
    const statement = await inside.carryFirst();

    const outcome = await inside.stage(await inside.plan());

    expect(outcome).toMatchObject({ kind: 'staged', statement, targets: ['depot'], items: 5, names: 5 });
    expect(outcome.bytes).toBeGreaterThan(0);
    expect(inside.target.names.size).toBe(0);
    expect(inside.story).toEqual(['import.began', 'import.staged']);
    expect(inside.marks.get('line-a')).toMatchObject({ sequence: 1, statement });
    expect(inside.receipts.size).toBe(0);
  });

  it('is staged again without sending anything twice', async () => {
    const inside = new Inside();
    await inside.carryFirst();
    await inside.stage(await inside.plan());

    expect(await inside.stage(await inside.plan())).toMatchObject({ bytes: 0, names: 5 });
    expect(inside.target.names.size).toBe(0);
  });

  it('is imported from its medium all the same', async () => {
    const inside = new Inside();
    await inside.carryFirst();
    await inside.stage(await inside.plan());
    const before = inside.target.log.length;

    const outcome = await inside.importRelease();

    expect(outcome).toMatchObject({ kind: 'loaded', record: { bytes: 0 } });
    expect(inside.target.log.slice(before).every((line) => line.startsWith('name '))).toBe(true);
  });

  it('is activated with nothing but what the site keeps, and once', async () => {
    const { inside, medium } = await staged();

    const outcome = await activate(inside, medium);

    expect(outcome).toMatchObject({ kind: 'loaded', receipt: { receipt: { status: 'loaded' } } });
    expect(inside.target.names.size).toBe(5);
    expect((await activate(inside, medium)).kind).toBe('unchanged');
  });

  it('gets no name when a target has lost what was staged', async () => {
    const { inside, medium } = await staged();
    inside.target.store.blobs.delete([...inside.target.store.blobs.keys()][0] ?? ('' as never));

    await expect(activate(inside, medium)).rejects.toMatchObject({
      code: 'BLOB_MISSING',
      origin: 'target',
      message: expect.stringContaining('is not there any more'),
    });
    expect(inside.target.names.size).toBe(0);
  });

  it('is refused when the policy recalled it meanwhile', async () => {
    const { inside, medium } = await staged();
    const { statement } = (await inside.readmit(medium)).opened;
    const channels = (inside.trust as { channels: { 'line-a': Record<string, unknown> } }).channels;
    channels['line-a']['deny'] = { releases: [statement] };

    await expect(activate(inside, medium)).rejects.toMatchObject({ code: 'RELEASE_DENIED' });
    expect(inside.target.names.size).toBe(0);
  });

  it('is refused when a newer one was staged meanwhile', async () => {
    const inside = new Inside();
    const previous = await inside.carryFirst();
    const medium = await kept(inside);
    await inside.stage(await inside.plan());
    await inside.carry(simulatedRelease(ITEMS, 2, previous));
    await inside.stage(await inside.plan(secondRelease));

    await expect(activate(inside, medium)).rejects.toMatchObject({ code: 'ROLLBACK' });
    expect(inside.target.names.size).toBe(0);
  });

  it('is none when the import stopped before everything was read back', async () => {
    const inside = new Inside();
    await inside.carryFirst();
    const medium = await kept(inside);
    const target = { ...inside.target, readBack: () => Promise.reject(lost()) };
    const targets = new Map([['depot', target]]);
    await expect(inside.stage(await inside.plan(), { targets })).rejects.toMatchObject({
      code: 'UNREACHABLE',
    });

    await expect(activate(inside, medium)).rejects.toMatchObject({
      code: 'RELEASE_INCOMPLETE',
      origin: 'site',
    });
  });
});

it('sends nothing and leaves the mark when what a site keeps cannot be written', async () => {
  const inside = new Inside();
  await inside.carryFirst();
  const keep = async (): Promise<void> => {
    throw new GapferryError({ code: 'NO_SPACE', message: 'the disk is full' });
  };

  await expect(inside.apply(await inside.plan(), { keep })).rejects.toMatchObject({ code: 'NO_SPACE' });

  expect(inside.target.log).toEqual([]);
  expect(inside.marks.size).toBe(0);
  expect(inside.story).toEqual(['import.began', 'import.stopped']);
});

function lost(): GapferryError {
  return new GapferryError({ code: 'UNREACHABLE', message: 'the target is gone' });
}
