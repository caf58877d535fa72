import { describe, expect, it } from 'vitest';
import { isExactVersion, newestVersion, parseRange, parseVersion } from './chart-version.ts';

const versions = [
  '1.2.0',
  '1.10.0',
  '1.9.9',
  '2.0.0-rc.1',
  '2.0.0',
  '2.1.0-beta',
  'v3.0',
  '0.3.1',
  '0.2.9',
  'latest',
  '4.0.0+build.2',
  '4.0.0+build.1',
];

describe('the newest version that a wish takes', () => {
  it.each([
    ['1.2.0', '1.2.0'],
    ['^1', '1.10.0'],
    ['~1.9', '1.9.9'],
    ['1.x', '1.10.0'],
    ['1', '1.10.0'],
    ['>=1.2 <2', '1.10.0'],
    ['>=1.2, <2', '1.10.0'],
    ['>= 1.2,< 1.9.9', '1.2.0'],
    ['1.2 - 1.9.9', '1.9.9'],
    ['^5 || ~0.2.3', '0.2.9'],
    ['^0.2', '0.2.9'],
    ['!=2.0.0 >=1 <3', '1.10.0'],
    ['>=2.0.0-0 <3', '2.0.0'],
    ['>=2.0.0-0 <3-0', '2.1.0-beta'],
    ['^2', '2.0.0'],
    ['=3.0.0', 'v3.0'],
    ['*', '4.0.0+build.2'],
    ['', '4.0.0+build.2'],
    ['latest', 'latest'],
  ])('%j takes %s', (wanted, expected) => {
    expect(newestVersion(versions, wanted)).toBe(expected);
  });

  it.each(['^9', '1.2.1', '>2 <2.1'])('%j takes none', (wanted) => {
    expect(newestVersion(versions, wanted)).toBeUndefined();
  });

  it.each(['newest', '1.2.3.4', '>=', '1.2 && 2', '^^1', 'a'.repeat(300)])('%j is no range', (wanted) => {
    expect(() => newestVersion(versions, wanted)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });

  // What Masterminds/semver 3.3, Helm's library, answers.
  it.each([
    ['>=1.0.0', '1.5.0-rc.1', false],
    ['>=1.0.0-0', '1.5.0-rc.1', true],
    ['>=1.0.0-0 <2', '1.5.0-rc.1', false],
    ['>11', '11.1.0', false],
    ['<=11', '11.9.9', true],
    ['~0.0.0', '9.9.9', true],
    ['^0.0.3', '0.0.4', false],
    ['!=1.1-0', '1.1.2', true],
    ['!=1.1.x', '1.1.2', false],
  ])('%s with %s is %s', (range, version, expected) => {
    expect(parseRange(range)(parseVersion(version) as never)).toBe(expected);
  });

  it('tells an exact version from a range', () => {
    expect(['1.2.3', '1.2.3-rc.1', '1.2.3+b'].map(isExactVersion)).toEqual([true, true, true]);
    expect(['v1.2.3', '1.2', '^1.2.3', '1.x', ' 1.2.3', ''].map(isExactVersion)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
  });

  it('is found in a hostile range without taking for ever', () => {
    for (const gap of [' ', '   ', '\t  '])
      expect(() => parseRange(`${`1${gap}`.repeat(120 / gap.length)}!`)).toThrow(
        expect.objectContaining({ code: 'USAGE' }),
      );
  });
});
