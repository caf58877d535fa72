import { digestOf } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { choosePackages } from './choose-packages.ts';
import type { AptPackage } from './read-packages.ts';

function deb(
  name: string,
  version: string,
  depends = '',
  { provides = '', architecture = 'amd64' } = {},
): AptPackage {
  const path = `pool/${name}_${version}_${architecture}.deb`;
  return { name, version, architecture, path, size: 1, sha256: digestOf(path), depends, provides };
}

const REPOSITORY = [
  deb('app', '1.0'),
  deb('app', '2.0~rc1', 'lib (>= 1:1), libc6 (>= 2.36) | libc6-old, data'),
  deb('app', '1.5'),
  deb('lib', '1:0.9'),
  deb('lib', '1:1.2', 'app, extra:any'),
  deb('data', '1', '', { architecture: 'all' }),
  deb('extra', '1', 'mail | mailer'),
  deb('post', '1', '', { provides: 'mail, mailer (= 2)' }),
  deb('send', '1', '', { provides: 'mailer' }),
  deb('app', '1.0', 'lib', { architecture: 'arm64' }),
  deb('other', '1'),
];

function chosen(
  wanted: readonly string[],
  { dependencies = true, architectures = ['amd64'], all = REPOSITORY } = {},
): {
  packages: string[];
  elsewhere: readonly string[];
  partly: readonly string[];
  missing: readonly string[];
} {
  const { packages, ...rest } = choosePackages(all, { architectures, wanted, dependencies });
  return { packages: [...packages].map(({ path }) => path.slice(5, -4)).sort(), ...rest };
}

describe('packages that are chosen', () => {
  it('are the latest that fit, with all that they depend on in the repository', () => {
    expect(chosen(['app'])).toEqual({
      packages: ['app_2.0~rc1_amd64', 'data_1_all', 'extra_1_amd64', 'lib_1:1.2_amd64', 'post_1_amd64'],
      elsewhere: ['libc6 (>= 2.36) | libc6-old'],
      partly: [],
      missing: [],
    });
  });

  it('can be alone, and of one version', () => {
    const only = (wanted: string): string[] => chosen([wanted], { dependencies: false }).packages;
    expect(only('app')).toEqual(['app_2.0~rc1_amd64']);
    expect(only('app (>= 1.0)')).toEqual(['app_2.0~rc1_amd64']);
    expect(only('app (<< 2.0~)')).toEqual(['app_1.5_amd64']);
    expect(only('app (= 1.0)')).toEqual(['app_1.0_amd64']);
    expect(chosen(['app', 'app (= 1.0)'], { dependencies: false }).packages).toHaveLength(2);
  });

  it('take of alternatives the first that there is, unless another is chosen already', () => {
    const all = [deb('a', '1', 'gone | x | y'), deb('x', '1'), deb('y', '1')];
    expect(chosen(['a'], { all }).packages).toEqual(['a_1_amd64', 'x_1_amd64']);
    expect(chosen(['a', 'y'], { all }).packages).toEqual(['a_1_amd64', 'y_1_amd64']);
  });

  it('need what is provided in a version where they name one', () => {
    const all = [
      deb('a', '1', 'mailer (>= 2)'),
      deb('b', '1', 'mailer (>= 3)'),
      ...REPOSITORY.filter(({ provides }) => provides),
    ];
    expect(chosen(['a'], { all }).packages).toEqual(['a_1_amd64', 'post_1_amd64']);
    expect(chosen(['b'], { all })).toMatchObject({ packages: ['b_1_amd64'], elsewhere: ['mailer (>= 3)'] });
  });

  it('are told when one architecture has not got them, and when none has', () => {
    expect(
      chosen(['app', 'other', 'gone', 'app (>= 9)'], { architectures: ['amd64', 'arm64'] }),
    ).toMatchObject({
      partly: ['other of arm64'],
      missing: ['gone', 'app (>= 9)'],
    });
  });

  it('name a dependency that nobody can read as one that is elsewhere', () => {
    const all = [deb('a', '1', 'x [amd64], (>= 1), ,b')];
    expect(chosen(['a'], { all }).elsewhere).toEqual(['(>= 1)', 'b', 'x [amd64]']);
  });

  it('are everything where nothing is named', () => {
    const { packages } = choosePackages(REPOSITORY, { architectures: ['amd64'], dependencies: true });
    expect(packages.size).toBe(REPOSITORY.length);
  });
});
