import { quietRun } from '@gapferry/core';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ImportRecord } from './import-outcome.ts';
import { Inside, meddledTarget } from './testing/inside.ts';
import { watchRun } from './watch-run.ts';

let inside: Inside;
let now: number;
const monotonic = (): number => now;
beforeEach(() => {
  inside = new Inside();
  now = 1000;
});

/** Every load takes 10 ms, every reading back 5, one after the other. */
async function importSlowly(): Promise<ImportRecord> {
  const target = meddledTarget(inside.target, {
    load: async () => {
      now += 10;
      return { state: 'same', bytes: 0 };
    },
    readBack: async () => {
      now += 5;
    },
  });
  const run = watchRun(quietRun(), monotonic);
  const plan = await inside.plan(undefined, { run });
  run.emit({ kind: 'warning', message: 'the clock is behind', item: 'file k3s/k3s' });
  const swap = { targets: new Map([['depot', target]]), run, monotonic, concurrency: 1 };
  return (await inside.apply(plan, swap)).record;
}

describe('the record of an import', () => {
  it('says of each item what it is, and how long its content and its name took', async () => {
    await inside.carryFirst();
    const { items } = await importSlowly();
    const image = items.find(({ item }) => item === 'image docker.io/library/redis:7');
    expect(image).toMatchObject({ outcome: 'loaded', digest: expect.stringMatching(/^sha256:/) });
    expect(Object.keys(image?.ms ?? {})).toEqual(['content', 'name']);
    expect(items.find(({ kind }) => kind === 'git')).not.toHaveProperty('digest');
    expect(items.every(({ ms }) => (ms?.content ?? 0) >= 10)).toBe(true);
  });

  it('says how long each part took, and what each target was sent', async () => {
    await inside.carryFirst();
    const { timing, bytes } = await importSlowly();
    expect(timing).toMatchObject({ total: 125, content: 50, barrier: 25, names: 50 });
    expect(timing?.verification?.bytes).toBeGreaterThan(0);
    expect(timing?.targets).toEqual([{ target: 'depot', bytes, ms: 50 }]);
  });

  it('has the warnings of the gates and of the import', async () => {
    await inside.carryFirst();
    const { warnings } = await importSlowly();
    expect(warnings).toEqual([{ message: 'the clock is behind', item: 'file k3s/k3s' }]);
  });

  it('says nothing of durations where nothing was done', async () => {
    await inside.carryFirst();
    await importSlowly();
    const again = await importSlowly();
    expect(again.items.some((item) => 'ms' in item)).toBe(false);
    expect(again.timing).toMatchObject({ content: 0, names: 0, targets: [] });
  });

  it('has no negative durations, even of a clock that goes back', async () => {
    await inside.carryFirst();
    const plan = await inside.plan();
    const backwards = (): number => (now -= 100);
    const { record } = await inside.apply(plan, { monotonic: backwards });
    const { total, content, barrier, names, targets } = record.timing ?? {};
    expect([total, content, barrier, names, targets?.[0]?.ms]).toEqual([0, 0, 0, 0, 0]);
  });

  it('is whole in the ledger', async () => {
    await inside.carryFirst();
    const { items: _, ...record } = await importSlowly();
    expect(inside.ledger.entries.find(({ kind }) => kind === 'import.finished')?.data['record']).toEqual(
      record,
    );
  });
});
