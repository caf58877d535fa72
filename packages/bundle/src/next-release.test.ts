import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { nextRelease, requireVersion } from './next-release.ts';

const LAST = { sequence: 7, statement: digestOf('seven'), manifest: digestOf('manifest') };
const ELSEWHERE = { sequence: 9, statement: digestOf('nine') };

describe('the next number of a channel', () => {
  it.each([
    ['goes on by one', LAST, { kind: 'continue' }, { sequence: 8, previous: LAST.statement }],
    ['is 1 when the channel is new', undefined, { kind: 'first' }, { sequence: 1, previous: null }],
    [
      'follows a release made elsewhere',
      undefined,
      { kind: 'after', release: ELSEWHERE },
      { sequence: 10, previous: ELSEWHERE.statement },
    ],
    [
      'may be said to follow what it follows anyway',
      LAST,
      { kind: 'after', release: LAST },
      { sequence: 8, previous: LAST.statement },
    ],
  ] as const)('%s', (_, last, numbering, expected) => {
    expect(nextRelease('line-a', last, numbering)).toEqual(expected);
  });

  it.each([
    ['nobody says whether the channel is new', undefined, { kind: 'continue' }, /--first .*--after/],
    ['it is said to be new and is not', LAST, { kind: 'first' }, /leave out --first/],
    [
      'another release is said to be the last',
      LAST,
      { kind: 'after', release: ELSEWHERE },
      /leave out --after/,
    ],
    [
      'the last number is right and the release another',
      LAST,
      { kind: 'after', release: { ...LAST, statement: digestOf('fork') } },
      /leave out --after/,
    ],
  ] as const)('is not guessed when %s', (_, last, numbering, hint) => {
    expect(() => nextRelease('line-a', last, numbering)).toThrow(
      expect.objectContaining({ code: 'FIRST_RELEASE_UNCLEAR', hint: expect.stringMatching(hint) }),
    );
  });
});

describe('a version that somebody typed', () => {
  it('is taken as it is, or refused with an example', () => {
    expect(requireVersion('1.4.0')).toBe('1.4.0');
    expect(() => requireVersion('1.4 final')).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('1.4.0') }),
    );
  });
});
