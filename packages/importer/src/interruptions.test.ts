import { simulatedRelease } from '@gapferry/bundle/testing';
import { GapferryError, isGapferryError, type Ledger, type Load } from '@gapferry/core';
import { recordCalls } from '@gapferry/testkit';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { first, Inside, ITEMS, listeningRun, MAIN, NEXT, secondRelease } from './testing/inside.ts';

/** The site's ledger, whose n-th append (from 0) fails; `before`: nothing is written, otherwise the process dies right after it. */
function failingLedger(ledger: Ledger, at: number, before: boolean): Ledger {
  let appends = 0;
  const fail = (): never => {
    throw new GapferryError({ code: 'LEDGER_UNWRITABLE', message: 'the disk is full' });
  };
  return {
    head: () => ledger.head(),
    history: (kinds) => ledger.history(kinds),
    append: (kind, data) => {
      const mine = appends++;
      if (mine >= at && before) return fail();
      const entry = ledger.append(kind, data);
      return mine >= at ? fail() : entry;
    },
  };
}

const NEWER = {
  ...ITEMS,
  images: { ...ITEMS.images, 'docker.io/library/nginx:1.27': 'nginx, rebuilt' },
  git: { 'git.example/ops/line-a': { main: NEXT } },
};

/** A site that has release 1, and releases 2 and 3 on the stick. */
async function scene(): Promise<Inside> {
  const inside = new Inside();
  const one = await inside.carryFirst();
  const two = await inside.carry(simulatedRelease(NEWER, 2, one));
  const rebuilt = {
    ...NEWER,
    images: { ...NEWER.images, 'docker.io/library/nginx:1.27': 'nginx, third' },
    git: { 'git.example/ops/line-a': { main: MAIN } },
  };
  await inside.carry(simulatedRelease(rebuilt, 3, two));
  await inside.importRelease(first);
  return inside;
}

/** Nothing shows what is not whole: every name stands for content that the target has. */
async function expectWhole(inside: Inside): Promise<void> {
  const outcome = await inside.importRelease(secondRelease);
  expect(outcome.kind).toMatch(/^(loaded|unchanged)$/);
  expect(inside.target.names.get('git git.example/ops/line-a')).toEqual({ 'refs/heads/main': NEXT });
  expect(inside.receipts.size).toBe(2);
  expect((await inside.importRelease(secondRelease)).kind).toBe('unchanged');
  expect((await inside.importRelease({ channel: 'line-a', sequence: 3 })).kind).toBe('loaded');
}

describe('a ledger that cannot be written', () => {
  it.each([true, false])(
    'stops the import at once, whichever entry it is, and the next run finishes (entry lost: %s)',
    async (before) => {
      for (let at = 0, failed = true; failed; at++) {
        const inside = await scene();
        const ledger = failingLedger(inside.ledger, at, before);
        const spied = recordCalls(inside.target);
        const targets = new Map([['depot', spied.object]]);
        const plan = await inside.plan(secondRelease);
        const error: unknown = await inside.apply(plan, { ledger, targets }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        failed = error !== undefined;
        if (failed) expect(isGapferryError(error, 'LEDGER_UNWRITABLE')).toBe(true);
        if (at === 0) expect(spied.calls).toEqual([]);
        if (at === 0) expect(inside.marks.get('line-a')?.sequence).toBe(1);
        if (!failed) expect(at).toBe(8);
        await expectWhole(inside);
      }
    },
  );

  it('and a newer release goes on where the stopped one left a name that nobody confirmed', async () => {
    for (let at = 0; at < 12; at++) {
      const inside = await scene();
      const ledger = failingLedger(inside.ledger, at, true);
      await inside.apply(await inside.plan(secondRelease), { ledger }).catch(() => undefined);
      const { kind } = await inside.importRelease({ channel: 'line-a', sequence: 3 });
      expect(kind).toBe('loaded');
      expect(inside.target.names.get('git git.example/ops/line-a')).toEqual({ 'refs/heads/main': MAIN });
    }
  });
});

describe('an import that is stopped', () => {
  it('at any moment it tells of ends with INTERRUPTED, and the next run finishes', async () => {
    const quiet = await scene();
    const listening = listeningRun();
    await quiet.importRelease(secondRelease, { run: listening });
    expect(listening.events.length).toBeGreaterThan(10);
    for (let at = 0; at < listening.events.length; at++) {
      const inside = await scene();
      const run = listeningRun(at);
      const error: unknown = await inside.importRelease(secondRelease, { run }).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error !== undefined) expect(isGapferryError(error, 'INTERRUPTED')).toBe(true);
      else expect(at).toBe(listening.events.length - 1);
      await expectWhole(inside);
    }
  });

  it('before it began changes nothing at all', async () => {
    const inside = await scene();
    const plan = await inside.plan(secondRelease);
    const { length } = inside.ledger.entries;
    const run = { signal: AbortSignal.abort(), emit: () => {} };
    await expect(inside.apply(plan, { run })).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(inside.ledger.entries).toHaveLength(length);
    expect(inside.marks.get('line-a')?.sequence).toBe(1);
  });

  it('waits until the loads that had begun have ended', async () => {
    const inside = new Inside();
    await inside.carryFirst();
    const stop = new AbortController();
    let open = 0;
    const slow = {
      ...inside.target,
      load: async (): Promise<never> => {
        open++;
        stop.abort();
        await new Promise((resolve) => setImmediate(resolve));
        open--;
        throw new GapferryError({ code: 'INTERRUPTED', message: 'stopped' });
      },
    };
    const run = { signal: stop.signal, emit: () => {} };
    const plan = await inside.plan();
    await expect(inside.apply(plan, { run, targets: new Map([['depot', slow]]) })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    });
    expect(open).toBe(0);
  });
});

describe('the barrier', () => {
  it('stands between the last content that was read back and the first name, whatever a release has in it', async () => {
    const names = (prefix: string): fc.Arbitrary<Record<string, string>> =>
      fc.dictionary(
        fc.stringMatching(/^[a-z]{1,5}$/).map((name) => prefix.replace('*', name)),
        fc.constantFrom('one', 'two', 'three'),
        { maxKeys: 4 },
      );
    const items = fc.record({
      images: names('docker.io/org/*:1'),
      charts: names('ghcr.io/org/*:1.0.0'),
      files: names('files-*'),
    });
    await fc.assert(
      fc.asyncProperty(items, items, async (before, after) => {
        const inside = new Inside();
        const previous = await inside.carryFirst(before);
        await inside.carry(simulatedRelease(after, 2, previous));
        await inside.importRelease(first);
        const spied = recordCalls(inside.target);
        await inside.apply(await inside.plan(secondRelease), { targets: new Map([['depot', spied.object]]) });
        const calls = spied.calls.map(({ method, args: [load] }) => `${method} ${(load as Load).phase}`);
        const firstName = calls.indexOf('load name');
        const proved = calls.filter((call) => call === 'readBack content');
        const count = Object.values(after).reduce((sum, kind) => sum + Object.keys(kind).length, 0);
        expect(proved).toHaveLength(count);
        if (firstName >= 0) expect(calls.lastIndexOf('readBack content')).toBeLessThan(firstName);
        expect(calls.lastIndexOf('load content')).toBeLessThan(
          calls.indexOf('readBack content') + (proved.length === 0 ? 1 : 0),
        );
      }),
      { numRuns: 60 },
    );
  });
});
