import { digestOf, type Load, MEDIA_TYPES } from '@gapferry/core';
import { describe, expect, it } from 'vitest';
import { requireDistinctPlaces } from './distinct-places.ts';

const root = (text: string) => ({
  mediaType: MEDIA_TYPES.ociManifest,
  digest: digestOf(text),
  size: text.length,
});
const tag = (repository: string, name: string, text = 'root'): Load => ({
  phase: 'name',
  kind: 'oci',
  of: 'image',
  item: `${repository}:${name} (${text})`,
  repository,
  tag: name,
  root: root(text),
});
const git = (repository: string): Load => ({
  phase: 'name',
  kind: 'git',
  item: `git ${repository}`,
  repository,
  refs: [],
});
const file = (path: string): Load => ({
  phase: 'name',
  kind: 'file',
  item: `file ${path}`,
  path,
  files: [{ path, root: root(path) }],
});
const directory = (path: string, ...names: readonly string[]): Load => ({
  phase: 'name',
  kind: 'file',
  item: `file ${path}`,
  path,
  files: names.map((name) => ({ path: `${path}${name}`, root: root(name) })),
});
const content = (path: string): Load => ({
  phase: 'content',
  kind: 'file',
  item: `file ${path}`,
  path,
  files: [{ path, root: root(path) }],
});

describe('requireDistinctPlaces', () => {
  it('accepts a release in which everything has its own place', () => {
    const loads = [
      tag('a.io/app', '1'),
      tag('a.io/app', '2'),
      tag('a.io/app/sub', '1'),
      git('a.io/app'),
      git('a.io/app/sub'),
    ];
    expect(() => requireDistinctPlaces([...loads, content('a/b'), file('a/b'), file('a/c')])).not.toThrow();
    const directories = [directory('a/d/', 'x', 'e/x', 'e/y'), directory('a/f/', 'x')];
    expect(() => requireDistinctPlaces([...directories, file('a/x')])).not.toThrow();
  });

  it.each([
    ['two contents under one tag', [tag('a.io/app', '1', 'x'), tag('a.io/app', '1', 'y')]],
    ['hosts that differ by a colon', [tag('a.io:5000/app', '1', 'x'), tag('a.io-5000/app', '1', 'y')]],
    ['files that differ in case', [file('Readme'), file('README')]],
    ['files that differ in the case of a directory', [file('Docs/a'), file('docs/A')]],
    ['a file inside a file', [file('a'), file('a/b')]],
    ['a file inside a directory that is not its own', [directory('a/', 'b'), file('a/c')]],
    ['a file in the place of a directory', [directory('a/', 'b'), file('A')]],
    ['a directory inside a directory', [directory('a/', 'b'), directory('a/c/', 'd')]],
    ['a file inside a file of a directory', [directory('a/', 'b', 'b/c')]],
    ['files of a directory that differ in case', [directory('a/', 'b', 'B')]],
    ['a path that escapes from a directory', [directory('a/', '../b')]],
    ['repositories that differ in case', [git('host/Repo'), git('host/repo')]],
    ['a repository inside a repository', [git('host/a'), git('host/a.git/b')]],
    ['a repository with and without .git', [git('host/a'), git('host/a.git')]],
    ['repositories that differ by a colon', [git('host:1/a'), git('host-1/a')]],
    ['a path that escapes', [file('../a')]],
  ])('refuses %s', (_what, loads) => {
    expect(() => requireDistinctPlaces(loads)).toThrow(expect.objectContaining({ code: 'NAME_UNSAFE' }));
  });

  it('names both items', () => {
    expect(() => requireDistinctPlaces([file('Readme'), file('README')])).toThrow(
      /file Readme and file README/,
    );
  });
});
