import { describe, expect, it } from 'vitest';
import { caseCollisions, requireSafePath, unsafePathReason } from './safe-path.ts';

describe('unsafePathReason', () => {
  it.each([
    'a',
    'k3s/v1.31.2+k3s1/k3s',
    'a b/c',
    'ä/ö',
    '.hidden',
    'con-figure',
    'comma,and;more',
    'nul-terminated',
    'می\u200cخواهم',
    'a'.repeat(255),
  ])('accepts %j', (path) => {
    expect(unsafePathReason(path)).toBeUndefined();
  });

  it.each([
    '',
    '/etc/passwd',
    '../x',
    'a/../../b',
    'a/./b',
    'a//b',
    'a/',
    'a\\b',
    'C:/x',
    'a\u0000b',
    'a\nb',
    'a?',
    'a*b',
    'con',
    'a/NUL.txt',
    'lpt1',
    'aux.c',
    'nul .txt',
    'CONOUT$',
    'invoice\u202egpj.exe',
    'a\u2028b',
    '\ufeffa',
    'a/\u200b',
    'a.',
    'a ',
    ' a',
    'a\u0308',
    '\ud800',
    'a'.repeat(256),
    `${'a/'.repeat(500)}b`,
  ])('refuses %j', (path) => {
    expect(unsafePathReason(path)).toBeTypeOf('string');
    expect(() => requireSafePath(path, 'it')).toThrow(expect.objectContaining({ code: 'NAME_UNSAFE' }));
  });
});

describe('caseCollisions', () => {
  it('finds names that differ only in case', () => {
    expect(caseCollisions(['a/B', 'c', 'A/b', 'C'])).toEqual([
      ['a/B', 'A/b'],
      ['c', 'C'],
    ]);
  });

  it('finds names that differ in what is not seen, or in the case of letters with several', () => {
    expect(caseCollisions(['a/b', 'a/b\u200d', 'ΟΔΟΣ', 'οδοσ', 'straße', 'STRASSE'])).toEqual([
      ['a/b', 'a/b\u200d'],
      ['ΟΔΟΣ', 'οδοσ'],
      ['straße', 'STRASSE'],
    ]);
  });

  it('finds nothing where there is nothing', () => {
    expect(caseCollisions(['a', 'b', 'a/b'])).toEqual([]);
  });
});
