import { createHash } from 'node:crypto';
import { symlink, writeFile } from 'node:fs/promises';
import { type CommitTree, type GitPin, quietRun, type TreeChoice } from '@gapferry/core';
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

async function treesOf(refs: readonly string[] = [], only?: TreeChoice): Promise<readonly CommitTree[]> {
  const source = gitSource({ workDirectory: directory.join('work'), wait: async () => {} });
  const [pin] = await source.resolve({ kind: 'git', url: `file://${upstream.path}`, refs }, run);
  return Array.fromAsync(source.readTrees(pin as GitPin, run, only));
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

  it('of a chart are all told of where they are left out, and of links those to directories', async () => {
    const files = {
      'web/Chart.yaml': 'name: web\n',
      'web/files/big.txt': 'x'.repeat(1_048_577),
      'web/charts/cache-1.0.0.tgz': 'y'.repeat(1_048_577),
      'webs/big.txt': 'z'.repeat(1_048_577),
      'deploy/base/a.yaml': 'a\n',
    };
    await upstream.commit({ message: 'chart', files });
    await symlink('../webs', `${upstream.path}/web/extra`);
    await symlink('base', `${upstream.path}/deploy/prod`);
    await symlink('prod', `${upstream.path}/deploy/stage`);
    await symlink('../deploy/base/a.yaml', `${upstream.path}/deploy/file`);
    await symlink('../../outside', `${upstream.path}/deploy/outside`);
    await upstream.commit({ message: 'links' });
    const [tree] = await treesOf(['main']);
    expect(tree?.files.get('web/charts/cache-1.0.0.tgz')?.byteLength).toBe(1_048_577);
    expect(tree?.leftOut).toEqual([
      { path: 'web/extra', reason: 'it is a symbolic link' },
      { path: 'web/files/big.txt', reason: 'it has 1048577 bytes, more than 1048576' },
      { path: 'deploy/prod', reason: 'it is a symbolic link to a directory' },
      { path: 'deploy/stage', reason: 'it is a symbolic link to a directory' },
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

describe('the files of some revisions of a pinned repository', () => {
  it('are those of refs and of commits that the refs reach, by full and short ids', async () => {
    const [first = '', head = ''] = [
      await upstream.git('rev-parse', 'v1.0'),
      await upstream.git('rev-parse', 'main'),
    ];
    const third = await upstream.commit({ message: 'three', files: { 'a.yaml': 'three\n' } });
    expect((await treesOf(['main'], { refs: [], commits: [first] })).map(textsOf)).toEqual([
      { 'a.yaml': 'one\n', 'folder/ü b.txt': 'b\n' },
    ]);
    const only = { refs: ['refs/heads/main'], commits: [head.slice(0, 9).toUpperCase(), head, third] };
    const trees = await treesOf([], only);
    expect(trees.map(({ refs, commits }) => ({ refs, commits }))).toEqual([
      { refs: ['refs/heads/main'], commits: [third] },
      { refs: [], commits: [head] },
    ]);
    expect(textsOf(trees[1])).toMatchObject({ 'a.yaml': 'two\n' });
    expect(await treesOf([], { refs: [], commits: [] })).toEqual([]);
  });

  it('are not those of commits that no pinned ref reaches, though the mirror has them', async () => {
    const own = await upstream.commit({ message: 'own', branch: 'side', files: { 'a.yaml': 'side\n' } });
    expect(await treesOf(['side'], { refs: [], commits: [own] })).toHaveLength(1);
    await expect(treesOf(['main'], { refs: [], commits: [own] })).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringMatching(new RegExp(`line-a \\(file://.*${own} is reached by none`)),
      data: { revision: own },
    });
  });

  it('are not guessed of an id that two commits begin with', async () => {
    const [one, other] = twins(await upstream.git('rev-parse', 'main^{tree}'));
    for (const [i, text] of [one, other].entries()) {
      await writeFile(directory.join('commit'), text);
      const id = await upstream.git('hash-object', '-w', '-t', 'commit', directory.join('commit'));
      await upstream.git('tag', `twin-${i}`, id);
      expect(id).toBe(idOf(text));
    }
    const short = idOf(one).slice(0, 7);
    expect(await treesOf(['twin-0'], { refs: [], commits: [short] })).toHaveLength(1);
    await expect(treesOf([], { refs: [], commits: [short] })).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringMatching(`the commit ${short} may be .* and `),
    });
  });

  it.each(['main', '--all00', 'abc123', ''])('are not those of "%s", which is no id', async (id) => {
    await expect(treesOf([], { refs: [], commits: [id] })).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('is no id'),
    });
  });

  it('are not those of a ref that is not pinned', async () => {
    await expect(treesOf(['main'], { refs: ['refs/tags/v1.0'], commits: [] })).rejects.toMatchObject({
      code: 'SOURCE_NOT_FOUND',
      message: expect.stringContaining('refs/tags/v1.0'),
    });
  });
});

/** Two commits whose ids have the same first seven digits. */
function twins(tree: string): readonly [string, string] {
  const seen = new Map<string, string>();
  for (let i = 0; ; i += 1) {
    const text = `tree ${tree}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n\nn${i}\n`;
    const short = idOf(text).slice(0, 7);
    const twin = seen.get(short);
    if (twin !== undefined) return [twin, text];
    seen.set(short, text);
  }
}

function idOf(commit: string): string {
  return createHash('sha1').update(`commit ${commit.length}\0${commit}`).digest('hex');
}
