import { symlink } from 'node:fs/promises';
import { type CommitTree, type GitPin, quietRun } from '@gapferry/core';
import {
  createRepository,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gitSource } from './git-source.ts';

let directory: TemporaryDirectory;
let upstream: TestGitRepository;
const run = quietRun();

beforeEach(async () => {
  directory = await temporaryDirectory();
  upstream = await createRepository(directory.join('srv', 'line-a'), [
    { message: 'one', files: { 'a.yaml': 'one\n', 'folder/ü b.txt': 'b\n' }, tags: ['v1.0'] },
    { message: 'two', files: { 'a.yaml': 'two\n' }, annotatedTags: { 'v1.1': 'the second' } },
  ]);
});
afterEach(() => directory.remove());

async function treesOf(refs: readonly string[] = []): Promise<readonly CommitTree[]> {
  const source = gitSource({ workDirectory: directory.join('work'), wait: async () => {} });
  const [pin] = await source.resolve({ kind: 'git', url: `file://${upstream.path}`, refs }, run);
  const trees: CommitTree[] = [];
  for await (const tree of source.readTrees(pin as GitPin, run)) trees.push(tree);
  return trees;
}

function textsOf(tree: CommitTree | undefined): Record<string, string> {
  return Object.fromEntries(
    [...(tree?.files ?? [])].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]),
  );
}

describe('the files of a pinned repository', () => {
  it('come tree by tree, HEAD first, each with the refs that lead to it', async () => {
    const [head, old, ...more] = await treesOf();
    expect(more).toEqual([]);
    expect(head?.refs).toEqual(['refs/heads/main', 'refs/tags/v1.1']);
    expect(head?.commits).toEqual([(await upstream.git('rev-parse', 'main')).trim()]);
    expect(textsOf(head)).toEqual({ 'a.yaml': 'two\n', 'folder/ü b.txt': 'b\n' });
    expect(old?.refs).toEqual(['refs/tags/v1.0']);
    expect(textsOf(old)).toMatchObject({ 'a.yaml': 'one\n' });
  });

  it('are those of the pinned commit, also after upstream went on', async () => {
    const source = gitSource({ workDirectory: directory.join('work'), wait: async () => {} });
    const [pin] = await source.resolve({ kind: 'git', url: `file://${upstream.path}`, refs: ['main'] }, run);
    await upstream.commit({ message: 'three', files: { 'a.yaml': 'three\n' } });
    for await (const tree of source.readTrees(pin as GitPin, run))
      expect(textsOf(tree)).toMatchObject({ 'a.yaml': 'two\n' });
  });

  it('follow no link and no submodule, and say which manifests are left out', async () => {
    await symlink('/etc/hostname', `${upstream.path}/link.yaml`);
    await symlink('/etc/hostname', `${upstream.path}/link.txt`);
    await upstream.commit({ message: 'odd', files: { 'big.yaml': 'x'.repeat(1_048_577), 'max.yaml': '' } });
    await upstream.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub`);
    await upstream.git('commit', '--quiet', '--message=submodule');
    const [tree] = await treesOf(['main']);
    expect([...(tree?.files.keys() ?? [])].sort()).toEqual(['a.yaml', 'folder/ü b.txt', 'max.yaml']);
    expect(tree?.leftOut).toEqual([
      { path: 'big.yaml', reason: 'it has 1048577 bytes, more than 1048576' },
      { path: 'link.yaml', reason: 'it is a symbolic link' },
      { path: 'sub', reason: 'it is a submodule: its files are in another repository' },
    ]);
  });

  it('with the same content are read once', async () => {
    await upstream.commit({ message: 'same', files: { 'b.yaml': 'two\n' } });
    expect(textsOf((await treesOf(['main']))[0])).toMatchObject({ 'a.yaml': 'two\n', 'b.yaml': 'two\n' });
  });

  it('of a tag that names a file are none', async () => {
    await upstream.git('tag', 'readme', (await upstream.git('rev-parse', 'main:a.yaml')).trim());
    expect(await treesOf(['readme'])).toEqual([]);
  });

  it('with more than 64 MiB of manifests are refused, with what to do', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 65 }, (_, i) => [`m${i}.yaml`, '#'.repeat(1_048_576)]),
    );
    await upstream.commit({ message: 'much', files });
    await expect(treesOf(['main'])).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('refs/heads/main of'),
      hint: expect.stringContaining('images: discover'),
    });
  });
});
