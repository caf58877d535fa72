import fc from 'fast-check';
import semver from 'semver';
import { describe, expect, it } from 'vitest';
import { byVersion, tagVersion } from './version-order.ts';

describe('the version of a tag', () => {
  it.each([
    ['1.2.3', '1.2.3'],
    ['v1.2.3', '1.2.3'],
    ['1.27.3-alpine', '1.27.3-alpine'],
    ['1.27', undefined],
    ['1', undefined],
    ['01.2.3', undefined],
    ['20250102', undefined],
    ['latest', undefined],
    ['vv1.2.3', undefined],
    ['version-1.2.3', undefined],
  ])('%s is %s', (tag, version) => {
    expect(tagVersion(tag)?.version).toBe(version);
  });
});

describe('tags by version', () => {
  it('begin with the highest, pre-releases below their release, what is no version after all', () => {
    const tags = ['latest', '1.9.0', 'v1.10.0', '2.0.0-rc.1', '1.10.0', '3.9', '3.20', '1.9.0-alpine'];
    expect([...tags].sort(byVersion)).toEqual([
      '2.0.0-rc.1',
      '1.10.0',
      'v1.10.0',
      '1.9.0',
      '1.9.0-alpine',
      'latest',
      '3.20',
      '3.9',
    ]);
  });

  it('that are dates begin with the latest', () => {
    expect(['20241231', '20250102', '20250102-2', '9'].sort(byVersion)).toEqual([
      '20250102-2',
      '20250102',
      '20241231',
      '9',
    ]);
  });

  it('come in one order whatever order they came in, and semver agrees', () => {
    const version = fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)).map((parts) => parts.join('.'));
    const tag = fc.oneof(
      version,
      version.map((text) => `v${text}`),
      fc.stringMatching(/^[a-z0-9][a-z0-9.-]{0,8}$/),
    );
    fc.assert(
      fc.property(fc.uniqueArray(tag, { maxLength: 12 }), (tags) => {
        const sorted = [...tags].sort(byVersion);
        expect([...tags].reverse().sort(byVersion)).toEqual(sorted);
        const versions = sorted.flatMap((one) => tagVersion(one) ?? []);
        for (const [at, higher] of versions.slice(0, -1).entries())
          expect(semver.gte(higher, versions[at + 1] as semver.SemVer)).toBe(true);
      }),
    );
  });
});
