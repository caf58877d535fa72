import { expect, it } from 'vitest';
import { globMatcher } from './glob-matcher.ts';

it.each([
  ['release/*', 'release/1', true],
  ['release/*', 'release/1/hotfix', false],
  ['release/**', 'release/1/hotfix', true],
  ['v?', 'v1', true],
  ['v?', 'v10', false],
  ['v[0-9]', 'v1', true],
  ['v[!0-9]', 'v1', false],
  ['{main,next}', 'next', true],
  ['{main,next}', 'main,next', false],
  ['a.b', 'aXb', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['(x', '(x', true],
  ['{open', 'open', false],
])('%s and %s: %s', (pattern, text, matches) => {
  expect(globMatcher(pattern, '/')(text)).toBe(matches);
});

it('lets a star take everything where there is no separator', () => {
  expect(globMatcher('v*', '')('v1/rc')).toBe(true);
});

it('takes what it cannot read for a name', () => {
  expect(globMatcher('[z-a]', '/')('[z-a]')).toBe(true);
});
