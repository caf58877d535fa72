import { describe, expect, it } from 'vitest';
import { nearestName } from './nearest-name.ts';

const KNOWN = ['images', 'charts', 'git', 'files', 'version', 'url', 'as'];

describe('the name that was meant', () => {
  it.each([
    ['imagse', 'images'],
    ['image', 'images'],
    ['verison', 'version'],
    ['gitt', 'git'],
    ['URL', undefined],
    ['urls', 'url'],
    ['images', 'images'],
    ['platforms', undefined],
    ['x', undefined],
    ['', undefined],
    ['ab', 'as'],
  ])('%s: %s', (name, meant) => {
    expect(nearestName(name, KNOWN)).toBe(meant);
  });

  it('takes the nearer one, and the first of equals', () => {
    expect(nearestName('cat', ['cats', 'cat '])).toBe('cats');
    expect(nearestName('files', ['filer', 'files'])).toBe('files');
  });

  it('is not looked for in a name of a megabyte', () => {
    expect(nearestName('a'.repeat(1_000_000), KNOWN)).toBeUndefined();
  });
});
