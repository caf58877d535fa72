import { simulatedRelease } from '@gapferry/bundle/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openJournal } from './import-journal.ts';
import { inEntries, stateInParts } from './in-entries.ts';
import { ownersIn } from './owners.ts';
import { first, Inside, MAIN, NEXT, secondRelease } from './testing/inside.ts';

describe('packing parts into entries', () => {
  it('keeps every part, in order, and no entry is larger than a ledger takes', () => {
    const part = fc.nat(1 << 19).map((size) => 'x'.repeat(size));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const entries = inEntries(parts);
        expect(entries.flat()).toEqual(parts);
        for (const entry of entries) expect(JSON.stringify(entry).length).toBeLessThanOrEqual((1 << 20) + 2);
        expect(entries.every((entry) => entry.length > 0)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it.each([0, 1, 999, 1000, 1001, 2000, 2001])('splits a state of %i refs without loss', (count) => {
    const state = Object.fromEntries(Array.from({ length: count }, (_, i) => [`refs/heads/${i}`, MAIN]));
    const parts = stateInParts(state);
    expect(Object.assign({}, ...parts)).toEqual(state);
    expect(parts).toHaveLength(Math.max(1, Math.ceil(count / 1000)));
  });
});

describe('a repository with thousands of refs', () => {
  const heads = (oid: string): Record<string, string> =>
    Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${'long/'.repeat(80)}b${i}`, oid]));
  const many = (oid: string): { git: Record<string, Record<string, string>> } => ({
    git: Object.fromEntries(Array.from({ length: 4 }, (_, i) => [`git.example/ops/${i}`, heads(oid)])),
  });

  it('is recorded in entries that fit, and moves with the next release', async () => {
    const inside = new Inside();
    const previous = await inside.carryFirst(many(MAIN));
    await inside.carry(simulatedRelease(many(NEXT), 2, previous));
    await inside.importRelease(first);
    expect((await inside.importRelease(secondRelease)).record.items[0]?.replaced).toEqual(
      Object.fromEntries(Object.keys(heads(MAIN)).map((name) => [`refs/heads/${name}`, MAIN])),
    );
    const sizes = inside.ledger.entries.map(({ data }) => JSON.stringify(data).length);
    expect(Math.max(...sizes)).toBeLessThan(4 << 20);
    expect(inside.story.filter((kind) => kind === 'import.naming').length).toBeGreaterThan(2);
  });

  it('says with every part but the last that more follows', async () => {
    const inside = new Inside();
    await inside.carryFirst();
    const plan = await inside.plan();
    const refs = Array.from({ length: 2500 }, (_, i) => ({ name: `refs/heads/${i}`, oid: MAIN }));
    const step = plan.steps.find(({ kind }) => kind === 'git');
    if (step?.name.kind !== 'git') throw new Error('there is no Git step');
    openJournal({ plan, ledger: inside.ledger, site: 'plant-7' }).named({
      ...step,
      name: { ...step.name, refs },
    });
    const said = inside.ledger.entries.map(({ data: { left, more } }) => [
      Object.keys(left ?? {}).length,
      more,
    ]);
    expect(said).toEqual([
      [1000, true],
      [1000, true],
      [500, undefined],
    ]);
  });

  it('of which only the first part was confirmed is still all its own', () => {
    const inside = new Inside();
    const base = { channel: 'line-a', target: 'depot' };
    const [a, b] = [{ 'refs/heads/a': MAIN }, { 'refs/heads/b': MAIN }];
    const names = [a, b].map((state) => ({ place: 'git x', state }));
    inside.ledger.append('import.naming', { ...base, names });
    inside.ledger.append('import.named', { ...base, place: 'git x', left: a, more: true });
    expect(ownersIn(inside.ledger)('depot', 'git x')).toEqual({
      channel: 'line-a',
      left: a,
      intended: [a, b],
    });
    inside.ledger.append('import.named', { ...base, place: 'git x', left: b });
    expect(ownersIn(inside.ledger)('depot', 'git x')).toEqual({ channel: 'line-a', left: { ...a, ...b } });
  });
});
