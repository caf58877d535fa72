import type { Digest } from '@gapferry/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeMark, type Mark, raisedMark } from './mark.ts';
import type { ReleasePredicate } from './statement.ts';

const digestOf = (letter: string): Digest => `sha256:${letter.repeat(64)}` as Digest;
const A = digestOf('a');
const B = digestOf('b');

function release(sequence: number, previous: Digest | null = null): ReleasePredicate {
  const issuedAt = '2026-03-01T00:00:00Z';
  return { bundle: 'line-a', version: '1.0', channel: 'line-a', sequence, previous, issuedAt };
}

describe('the mark', () => {
  it('lets anything in while it is at 0', () => {
    expect(judgeMark({ sequence: 0 }, release(1), A)).toBe('newer');
    expect(judgeMark({ sequence: 0 }, release(40, B), A)).toBe('newer');
  });

  it.each([
    [1, 'ROLLBACK'],
    [4, 'ROLLBACK'],
    [5, 'same'],
    [6, 'newer'],
    [7, 'newer'],
  ])('at 5 judges number %i: %s', (sequence, verdict) => {
    const judge = (): string => judgeMark({ sequence: 5, statement: A }, release(sequence, A), A);
    if (verdict === 'ROLLBACK') expect(judge).toThrow(expect.objectContaining({ code: 'ROLLBACK' }));
    else expect(judge()).toBe(verdict);
  });

  it('names both releases when it refuses an older one', () => {
    expect(() => judgeMark({ sequence: 5, statement: A }, release(4), B)).toThrow(
      /number 4 of channel line-a.*number 5/,
    );
  });

  it('sees a fork in the same number with another statement', () => {
    expect(() => judgeMark({ sequence: 5, statement: A }, release(5), B)).toThrow(
      expect.objectContaining({ code: 'FORK' }),
    );
  });

  it.each([null, B])('sees a fork in the next number after %s', (previous) => {
    expect(() => judgeMark({ sequence: 5, statement: A }, release(6, previous), B)).toThrow(
      expect.objectContaining({ code: 'FORK' }),
    );
  });

  it('lets a gap pass: what lies between is not known here', () => {
    expect(judgeMark({ sequence: 5, statement: A }, release(7, B), B)).toBe('newer');
  });

  it('that a policy set by number alone takes whatever statement has that number', () => {
    expect(judgeMark({ sequence: 5 }, release(5), B)).toBe('same');
    expect(judgeMark({ sequence: 5 }, release(6, B), A)).toBe('newer');
  });
});

describe('raising the mark', () => {
  it('takes number and statement of the release', () => {
    expect(raisedMark(undefined, release(3), A)).toEqual({
      sequence: 3,
      statement: A,
      issuedAt: '2026-03-01T00:00:00Z',
    });
  });

  it('keeps the latest date it has seen', () => {
    const mark = { sequence: 1, issuedAt: '2026-05-01T00:00:00Z' };
    expect(raisedMark(mark, release(2), A).issuedAt).toBe('2026-05-01T00:00:00Z');
  });

  it('never lowers number or date, whatever it is given', () => {
    const day = fc.integer({ min: 10, max: 28 }).map((n) => `2026-03-${n}T00:00:00Z`);
    fc.assert(
      fc.property(fc.nat(9), day, fc.integer({ min: 1, max: 9 }), day, (before, seen, sequence, issuedAt) => {
        const mark: Mark = { sequence: before, statement: A, issuedAt: seen };
        const raised = raisedMark(mark, { ...release(sequence), issuedAt }, B);
        expect(raised.sequence).toBe(Math.max(before, sequence));
        expect(raised.statement).toBe(sequence < before ? A : B);
        expect(raised.issuedAt).toBe([seen, issuedAt].sort().at(-1));
      }),
    );
  });

  it('makes the release one that is the same next time', () => {
    fc.assert(
      fc.property(fc.nat(9), fc.integer({ min: 1, max: 9 }), (before, sequence) => {
        fc.pre(sequence > before);
        const raised = raisedMark({ sequence: before }, release(sequence, B), A);
        expect(judgeMark(raised, release(sequence, B), A)).toBe('same');
      }),
    );
  });
});
