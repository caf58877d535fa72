import { type PruneRequest, type PruneStep, type PruneTarget, quietRun, type Run } from '@gapferry/core';
import { fixedClock, type MemoryLedger, memoryLedger, memoryTarget } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { openPruneJournal } from './prune-journal.ts';
import { pruneTarget } from './prune-target.ts';

const PLAN = `sha256:${'a'.repeat(64)}` as never;
const REQUEST: PruneRequest = {
  channel: 'line-a',
  manifests: [],
  tags: [],
  files: [],
  needed: new Set(),
  staying: new Map([[2, '2.0.0']]),
  going: new Set([1]),
};
let ledger: MemoryLedger;
let there: Set<string>;
/** What is refused, and at what the power goes. */
let locked: string | undefined;
let deadly: string | undefined;

beforeEach(() => {
  ledger = memoryLedger(fixedClock('2026-03-20T00:00:00Z'));
  there = new Set(['a', 'b', 'c']);
  locked = undefined;
  deadly = undefined;
});

function target(): PruneTarget {
  return {
    ...memoryTarget('depot'),
    prunable: async () => [...there].map((place): PruneStep => ({ place, what: 'blob' })),
    prune: async ({ place }) => {
      if (place === deadly) throw new Error('power cut');
      if (place === locked) return { state: 'stays', why: 'it is locked' };
      return { state: there.delete(place) ? 'removed' : 'gone' };
    },
  };
}

async function prune(steps?: readonly PruneStep[], run: Run = quietRun()): Promise<unknown> {
  const at = target();
  const found = steps ?? (await at.prunable(REQUEST, run));
  return await pruneTarget(at, found, REQUEST, openPruneJournal(ledger, PLAN), run);
}

const story = (): unknown[] =>
  ledger.entries.map(({ kind, data }) => [
    kind,
    (data['steps'] as readonly { place: string; outcome?: string }[]).map(({ place, outcome }) =>
      outcome === undefined ? place : `${place} ${outcome}`,
    ),
  ]);

describe('what is taken away', () => {
  it('stands in the ledger before and after', async () => {
    await prune();
    expect([...there]).toEqual([]);
    expect(story()).toEqual([
      ['prune.removing', ['a', 'b', 'c']],
      ['prune.removed', ['a removed', 'b removed', 'c removed']],
    ]);
  });

  it('stays where the target keeps it, and the rest goes', async () => {
    locked = 'b';
    expect(await prune()).toContainEqual({ place: 'b', outcome: 'stays', why: 'it is locked' });
    expect([...there]).toEqual(['b']);
  });

  it('is no more than what was told to go', async () => {
    const steps: PruneStep[] = [
      { place: 'a', what: 'blob' },
      { place: 'b', what: 'blob', stays: 'somebody’s tag' },
    ];
    await prune(steps);
    expect([...there]).toEqual(['b', 'c']);
    expect(story()[0]).toEqual(['prune.removing', ['a']]);
  });

  it('is told as far as it came when it breaks off, and the next prune goes on', async () => {
    deadly = 'b';
    await expect(prune()).rejects.toThrow('power cut');
    expect(story().at(-1)).toEqual(['prune.removed', ['a removed']]);
    deadly = undefined;
    await prune();
    expect([...there]).toEqual([]);
    expect(story().at(-1)).toEqual(['prune.removed', ['b removed', 'c removed']]);
  });

  it('is gone already: fine', async () => {
    const steps = await target().prunable(REQUEST, quietRun());
    there.clear();
    expect(await prune(steps)).toEqual(['a', 'b', 'c'].map((place) => ({ place, outcome: 'gone' })));
  });

  it('is nothing when the ledger takes no word of it, or somebody stopped before', async () => {
    const stop = new AbortController();
    stop.abort();
    const stopped = { ...quietRun(), signal: stop.signal };
    await expect(prune([{ place: 'a', what: 'blob' }], stopped)).rejects.toThrow();
    ledger.append = () => {
      throw new Error('disk full');
    };
    await expect(prune()).rejects.toThrow('disk full');
    expect([...there]).toEqual(['a', 'b', 'c']);
  });
});
