import { describe, expect, it } from 'vitest';
import { candidateTags, noSuchTags } from './choose-tags.ts';

const hex = 'a'.repeat(64);
const TAGS = [
  'latest',
  '1.7.9',
  'v1.8.0',
  '1.8.1',
  '1.8.2-rc.1',
  '1.9.0',
  '1.8',
  `sha256-${hex}`,
  `sha256-${hex}.sig`,
  `sha256-${hex}.att`,
  `sha256-${hex}.sbom`,
];

describe('tags to choose from', () => {
  it.each([
    ['~1.8', ['1.8.1', 'v1.8.0']],
    ['>=1.8.2-rc.0', ['1.9.0', '1.8.2-rc.1']],
    ['1.7.x || 1.9', ['1.9.0', '1.7.9']],
    ['^3', []],
  ])('fit the range %s', (semver, expected) => {
    expect(candidateTags(TAGS, { semver })).toEqual(expected);
  });

  it('match a pattern as a whole', () => {
    expect(candidateTags(TAGS, { match: '1\\.8' })).toEqual(['1.8']);
    expect(candidateTags(TAGS, { match: 'v?1\\.8\\.[0-9]+' })).toEqual(['1.8.1', 'v1.8.0']);
    expect(candidateTags(TAGS, { match: '1.*|latest', semver: '1.9.x' })).toEqual(['1.9.0']);
  });

  it('are never names of what belongs to something else', () => {
    expect(candidateTags(TAGS, { match: 'sha256.*' })).toEqual([]);
    expect(candidateTags(TAGS, { newest: 100 })).toHaveLength(7);
  });

  it.each([
    [{ semver: 'one.two' }, 'REFERENCE_INVALID'],
    [{ match: '(' }, 'REFERENCE_INVALID'],
    [{ match: 'a'.repeat(1001) }, 'REFERENCE_INVALID'],
    [{ match: '(a+)+b' }, 'LIMIT_EXCEEDED'],
  ])('are not chosen by %j', (choice, code) => {
    expect(() => candidateTags(['a'.repeat(128)], choice)).toThrow(expect.objectContaining({ code }));
  });

  it('are named when nothing fits: what was probably meant, then the newest', () => {
    const many = Array.from({ length: 20 }, (_, minor) => `1.${minor}.0`);
    const error = noSuchTags('host/app', ['lastest', '9.0'], [...many, 'latest']);
    expect(error).toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: 'host/app has no tag lastest, 9.0',
      hint: 'there are: latest, 1.19.0, 1.18.0, 1.17.0, 1.16.0, 1.15.0, 1.14.0, 1.13.0, and 13 more',
    });
    expect(noSuchTags('host/app', ['x'], undefined).hint).toBeUndefined();
  });

  it('that are no whole versions are said to be none, where a range was asked for', () => {
    const partial = ['1.27', '1.28', 'latest'];
    expect(noSuchTags('host/app', { semver: '>=1' }, partial)).toMatchObject({
      message: 'host/app has no tag that fits >=1',
      hint: 'there are: latest, 1.28, 1.27; a range counts whole versions alone, such as 1.27.3: choose others with "match"',
    });
    expect(noSuchTags('host/app', { semver: '>=2' }, ['1.0.0', ...partial]).hint).not.toContain('whole');
  });
});
