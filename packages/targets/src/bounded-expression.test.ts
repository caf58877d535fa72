import { describe, expect, it } from 'vitest';
import { boundedExpression } from './bounded-expression.ts';
import { globMatcher } from './git-host/glob-matcher.ts';

const LONG = 'a'.repeat(60);

describe('an expression of a host', () => {
  it('selects what it says', () => {
    for (const source of ['^v[0-9]+$', '^v[0-9]+(?:\\.[0-9]+)*$', '^(?:v[0-9]{1,3})+$']) {
      const matches = boundedExpression(source, 'u', true);
      expect([matches('v12'), matches('w1'), matches('v1')]).toEqual([true, false, true]);
    }
    expect(() => boundedExpression('(', 'u', true)).toThrow(SyntaxError);
  });

  it('that would run for ever is stopped, and answers from then on as it is told', () => {
    for (const instead of [true, false]) {
      const matches = boundedExpression('^(?:.+)+!$', 'u', instead);
      expect([matches(LONG), matches('yes!')]).toEqual([instead, instead]);
    }
  });

  it('with many stars is stopped too, and protects what it may protect', () => {
    expect(globMatcher(`${'*a'.repeat(30)}b`, '')(LONG)).toBe(true);
    expect(globMatcher('*a*c', '')(LONG)).toBe(false);
  });
});
