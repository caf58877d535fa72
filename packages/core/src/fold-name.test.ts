import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { foldName } from './fold-name.ts';

describe('foldName', () => {
  it.each([
    ['ΟΔΟΣ', 'οδος', 'οδοσ'],
    ['straße', 'STRASSE', 'STRAẞE'],
    ['ſ', 's', 'S'],
    ['ﬁle', 'FILE'],
    ['\u212a', 'k'],
    ['\u00e4', 'a\u0308', 'Ä'],
    ['a', 'a\u200d', 'a\u00ad', '\u2060A'],
  ])('makes one of %j and %j', (...names) => {
    expect(new Set(names.map(foldName))).toHaveProperty('size', 1);
  });

  it.each([
    ['ı', 'i'],
    ['a', 'ä'],
    ['a b', 'ab'],
    ['o', 'ø'],
  ])('keeps %j and %j apart', (one, other) => {
    expect(foldName(one)).not.toBe(foldName(other));
  });

  it('folds every character as Python does', async (context) => {
    const theirs = await promisify(execFile)('python3', ['-c', FOLDS], { maxBuffer: 1 << 26 }).catch(
      () => undefined,
    );
    if (theirs === undefined) return context.skip('there is no python3 here');
    const wrong = (JSON.parse(theirs.stdout) as [string, string][]).filter(
      ([character, folded]) => foldName(character) !== foldName(folded),
    );
    const folds = (JSON.parse(theirs.stdout) as [string, string][]).length;
    expect(wrong).toEqual([]);
    expect(folds).toBeGreaterThan(1400);
  });
});

/** Each character that folds to something else, with that. */
const FOLDS = `
import json, sys
every = (chr(c) for c in range(0x20, 0x110000) if not 0xd800 <= c < 0xe000)
json.dump([[c, c.casefold()] for c in every if c.casefold() != c], sys.stdout)`;
