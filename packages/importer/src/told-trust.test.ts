import { digestOf } from '@gapferry/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { Inside } from './testing/inside.ts';
import { toldTrust } from './told-trust.ts';

let inside: Inside;
beforeEach(() => {
  inside = new Inside();
});

const told = (sequence: number, kind = 'import.finished', channel = 'line-a') =>
  inside.ledger.append(kind, { channel, sequence, statement: digestOf(`${channel}/${sequence}`) });

describe('what a ledger tells of marks', () => {
  it('is what an import raised them to', async () => {
    const statement = await inside.carryFirst();
    await inside.importRelease();
    expect(toldTrust(inside.ledger).marks.get('line-a')).toMatchObject({ sequence: 1, statement });
    expect(inside.marks.get('line-a')).toMatchObject({ sequence: 1, statement });
  });

  it('is nothing of an import that was stopped before its first effect', () => {
    told(3, 'import.began');
    told(3, 'import.stopped');
    expect(toldTrust(inside.ledger).marks.size).toBe(0);
  });

  it('is no less after the site went back, and is of each channel its own', () => {
    told(17);
    told(16);
    told(4, 'import.staged', 'line-b');
    const { marks } = toldTrust(inside.ledger);
    expect([...marks].map(([channel, { sequence }]) => [channel, sequence])).toEqual([
      ['line-a', 17],
      ['line-b', 4],
    ]);
  });

  it('is what a policy set since, also where that is lower', () => {
    told(17);
    const [two, three] = [digestOf('two'), digestOf('three')];
    inside.ledger.append('trust.pinned', { version: 2, digest: two, marks: { 'line-a': { sequence: 12 } } });
    inside.ledger.append('trust.pinned', { version: 3, digest: three });
    inside.ledger.append('trust.pinned', { version: 3, digest: three });
    const { pinned, marks } = toldTrust(inside.ledger);
    expect(pinned).toEqual({ version: 3, digest: three, index: 3 });
    expect(marks.get('line-a')).toEqual({ sequence: 12, index: 2 });
    told(13, 'import.naming');
    expect(toldTrust(inside.ledger).marks.get('line-a')?.sequence).toBe(13);
  });

  it('passes over entries of shapes that are not known', () => {
    inside.ledger.append('trust.pinned', { version: 'two', marks: { 'line-a': null, 'line-b': 'x' } });
    inside.ledger.append('import.finished', { channel: 7 });
    expect(toldTrust(inside.ledger)).toEqual({ marks: new Map() });
  });
});
