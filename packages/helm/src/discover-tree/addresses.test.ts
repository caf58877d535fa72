import { describe, expect, it } from 'vitest';
import { filesOf, pathFrom, treeOfFiles } from './file-tree.ts';
import { globOf } from './glob.ts';
import { remoteBaseOf } from './remote-base.ts';
import { treeOfTexts } from './testing/tree-of-texts.ts';
import { isThisTree } from './tree-identity.ts';

describe('a path of a file', () => {
  it.each([
    ['a/b', 'c.yaml', 'a/b/c.yaml'],
    ['a/b', './../c//d/', 'a/c/d'],
    ['', 'a', 'a'],
    ['a', '..', ''],
    ['a', '../..', undefined],
    ['', '../a', undefined],
    ['a', '/etc', undefined],
    ['a', 'b\0', undefined],
  ])('in "%s": "%s" is %s', (directory, path, expected) => {
    expect(pathFrom(directory, path)).toBe(expected);
  });
});

describe('the files of a tree', () => {
  it('are all but those of Git, sorted', () => {
    const tree = treeOfTexts({ 'b/c': '', a: '', '.git/config': '', 'b/a/d': '' });
    expect(filesOf(tree)).toEqual(['a', 'b/a/d', 'b/c']);
    expect(tree.list('b')).toEqual(['c', 'a/']);
    expect([tree.read('b'), tree.list('none')]).toEqual([undefined, []]);
  });

  it('may not be in more than 100 directories', () => {
    const files = (depth: number): Map<string, Uint8Array> =>
      new Map([[`${'a/'.repeat(depth)}f`, new Uint8Array()]]);
    expect(filesOf(treeOfFiles(files(100)))).toHaveLength(1);
    expect(() => filesOf(treeOfFiles(files(101)))).toThrow(
      expect.objectContaining({ code: 'LIMIT_EXCEEDED' }),
    );
  });

  it('end where a tree goes round in circles or has no end', () => {
    const endless = { read: () => undefined, list: () => ['a/', 'b/'] };
    expect(() => filesOf(endless)).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
    const wide = {
      read: () => undefined,
      list: () => Array.from({ length: 500_001 }, (_, index) => `${index}`),
    };
    expect(() => filesOf(wide)).toThrow('more than 500000 files');
  });
});

describe('an address outside the tree', () => {
  const git = (url: string, path?: string, ref?: string): unknown => ({
    kind: 'git',
    url,
    ...(ref && { revision: { as: 'name', text: ref } }),
    ...(path && { path }),
  });
  it.each([
    ['https://github.com/org/repo', git('https://github.com/org/repo')],
    ['https://github.com/org/repo//a/b?ref=v1', git('https://github.com/org/repo', 'a/b', 'v1')],
    ['https://github.com/org/repo/a/b?version=v1&timeout=9', git('https://github.com/org/repo', 'a/b', 'v1')],
    ['github.com/org/repo/a', git('https://github.com/org/repo', 'a')],
    ['git@github.com:org/repo.git/a?ref=x', git('git@github.com:org/repo.git', 'a', 'x')],
    ['git@host.example:org/repo.git//a', git('git@host.example:org/repo.git', 'a')],
    ['git::ssh://git@host.example:2222/org/repo.git', git('ssh://git@host.example:2222/org/repo.git')],
    ['https://dev.example/o/p/_git/repo/a?ref=x', git('https://dev.example/o/p/_git/repo', 'a', 'x')],
    ['https://host.example/repo.git/a/k.yaml?ref=x', git('https://host.example/repo.git', 'a/k.yaml', 'x')],
    ['file:///srv/repo.git/a', git('file:///srv/repo.git', 'a')],
    ['https://host.example/v1/install.yaml', { kind: 'file', url: 'https://host.example/v1/install.yaml' }],
    ['../base', undefined],
    ['base.git/a', undefined],
    ['a@b', undefined],
  ])('%s', (text, expected) => {
    expect(remoteBaseOf(text)).toEqual(expected);
  });
});

describe('the tree itself', () => {
  const identity = { urls: ['https://git.example.org/plant/fleet.git'], revisions: ['main', 'refs/tags/v1'] };
  it.each([
    ['https://git.example.org/plant/fleet', undefined, true],
    ['https://user@GIT.example.org:443/plant/fleet/', 'HEAD', true],
    ['ssh://git@git.example.org/plant/fleet.git', 'main', true],
    ['git@git.example.org:plant/fleet.git', 'refs/heads/main', true],
    ['git@git.example.org:plant/fleet.git', 'v1', true],
    ['git@git.example.org:plant/fleet.git', 'v2', false],
    ['https://git.example.org/plant/Fleet', undefined, false],
    ['https://git.example.org/plant/fleet2', undefined, false],
    ['https://evil.example/git.example.org/plant/fleet', undefined, false],
  ])('%s at %s: %s', (url, revision, expected) => {
    expect(isThisTree(identity, url, revision)).toBe(expected);
  });

  it('is nobody where nothing is said', () => {
    expect(isThisTree(undefined, 'https://git.example.org/plant/fleet', undefined)).toBe(false);
  });
});

describe('a glob', () => {
  it.each([
    ['apps/*', 'apps/a', true],
    ['apps/*', 'apps/a/b', false],
    ['apps/**', 'apps/a/b', true],
    ['**/prod', 'a/b/prod', true],
    ['**/prod', 'prod', true],
    ['a?c/*-x', 'abc/1-x', true],
    ['a?c/*-x', 'abc/1-y', false],
    ['./apps/*/', 'apps/a', true],
    ['[a]', 'a', false],
    ['*', 'a', true],
    ['a*b*c', 'axxbxxc', true],
    ['a*b*c', 'axxbxx', false],
  ])('%s on %s: %s', (pattern, path, expected) => {
    expect(globOf(pattern)(path)).toBe(expected);
  });

  it('made to be slow is not', () => {
    expect(globOf(`${'*a'.repeat(400)}b`)('a'.repeat(20_000))).toBe(false);
    expect(globOf('**/'.repeat(99))('a/'.repeat(99))).toBe(true);
  });
});
