import { type PruneRequest, type PruneStep, type PruneTarget, quietRun, type Run } from '@gapferry/core';
import { fixedClock, type MemoryLedger, memoryLedger, memoryTarget } from '@gapferry/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { ownersIn } from './owners.ts';
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
  refs: [],
  unnamed: new Map(),
  contents: [],
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
    gone: async ({ tags }) => ({
      manifests: [],
      tags: tags.filter(({ tag }) => !there.has(tag)),
      files: [],
    }),
  };
}

async function prune(
  steps?: readonly PruneStep[],
  run: Run = quietRun(),
  request: PruneRequest = REQUEST,
): Promise<unknown> {
  const at = target();
  const found = steps ?? (await at.prunable(request, run));
  return await pruneTarget(at, found, request, openPruneJournal(ledger, PLAN), run);
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

describe('a name that a prune took away', () => {
  const named = (channel: string, place: string): void =>
    void ledger.append('import.named', { channel, target: 'depot', place, left: { digest: PLAN } });
  const tagged = (tag: string): PruneRequest['tags'][number] => ({
    item: `image app:${tag}`,
    repository: 'up.example/app',
    digest: PLAN,
    tag,
  });
  const ownerOf = (tag: string): string | undefined =>
    ownersIn(ledger)('depot', `oci up.example/app:${tag}`)?.channel;

  it('is nobody’s, once, and one that still stands or is another channel’s stays what it was', async () => {
    for (const tag of ['a', 'b']) named('line-a', `oci up.example/app:${tag}`);
    named('line-b', 'oci up.example/app:c');
    locked = 'b';
    const request = { ...REQUEST, tags: ['a', 'b', 'c'].map(tagged) };
    await prune(undefined, quietRun(), request);
    expect(['a', 'b', 'c'].map(ownerOf)).toEqual([undefined, 'line-a', 'line-b']);
    await prune([], quietRun(), request);
    expect(ledger.entries.filter(({ kind }) => kind === 'prune.freed')).toHaveLength(1);
    named('line-b', 'oci up.example/app:a');
    expect(ownerOf('a')).toBe('line-b');
  });
});
