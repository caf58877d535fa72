import { describe, expect, it } from 'vitest';
import { wantedRelease } from './wanted-release.ts';

describe('the release that an import is about', () => {
  it('lies on a medium, whose own words for it may be left to --to', () => {
    expect(wantedRelease('stick#line-a/3', undefined)).toEqual({
      from: 'medium',
      place: { directory: 'stick', channel: 'line-a', sequence: 3 },
    });
    const named = { from: 'medium', place: { directory: 'stick', channel: 'line-a', sequence: 2 } };
    for (const place of ['stick', 'stick#line-a', 'stick#line-a/2'])
      expect(wantedRelease(place, 'line-a/2')).toEqual(named);
  });

  it('is one that the site keeps where there is no medium', () => {
    expect(wantedRelease(undefined, 'line-a/2')).toEqual({
      from: 'site',
      address: { channel: 'line-a', sequence: 2 },
    });
  });

  it.each<[string, string | undefined, string | undefined]>([
    ['nothing', undefined, undefined],
    ['two numbers', 'stick#line-a/3', 'line-a/2'],
    ['two channels', 'stick#line-b', 'line-a/2'],
    ['no number', undefined, 'line-a'],
    ['number zero', undefined, 'line-a/0'],
    ['a path', undefined, '../line-a/2'],
  ])('%s: refused', (_what, place, to) => {
    expect(() => wantedRelease(place, to)).toThrow(expect.objectContaining({ code: 'USAGE' }));
  });
});
