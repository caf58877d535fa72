import { rmdir, writeFile } from 'node:fs/promises';
import { type GitFinding, type GitPin, type GitWish, quietRun, type Submodules } from '@gapferry/core';
import {
  createRepository,
  gitEnvironment,
  gitmodules,
  linkSubmodule,
  mustRun,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRepository } from '../bare-repository.ts';
import { mirrorOf } from '../git-mirror.ts';
import { type GitSource, gitSource } from '../git-source.ts';
import { createGit, type Git } from '../git-tool.ts';

const run = quietRun();
const [C1, C2] = ['1'.repeat(40), '2'.repeat(40)];
let directory: TemporaryDirectory;
let app: TestGitRepository;
let source: GitSource;

beforeEach(async () => {
  directory = await temporaryDirectory();
  app = await createRepository(directory.join('srv/team/app'), [
    { message: 'one', files: { 'a.txt': 'one\n', 'folder/b.txt': 'b\n' }, tags: ['v0'] },
  ]);
  source = sourceOf();
});
afterEach(() => directory.remove());

function sourceOf(more = {}): GitSource {
  return gitSource({ workDirectory: directory.join('work'), wait: async () => {}, ...more });
}

async function pinOf(more: Partial<GitWish> = {}): Promise<GitPin> {
  const [pin] = await source.resolve({ kind: 'git', url: `file://${app.path}`, refs: [], ...more }, run);
  return pin as GitPin;
}

async function found(commits?: readonly string[]): Promise<Submodules> {
  return source.readSubmodules(await pinOf(), run, commits);
}

/** What the working tree would not take. */
async function commitTree(listing: string): Promise<void> {
  await writeFile(directory.join('listing'), listing);
  const script = 'git commit-tree -m odd $(git mktree --missing < "$0")';
  const env = { ...gitEnvironment(), GIT_AUTHOR_NAME: 'a', GIT_COMMITTER_NAME: 'a' };
  const commit = await mustRun('sh', ['-c', script, directory.join('listing')], { cwd: app.path, env });
  await app.git('update-ref', 'refs/heads/main', commit.trim());
}

const short = ({ url, revision, place }: GitFinding): string => `${place.path} ${url} ${revision?.text[0]}`;

describe('the submodules of a repository', () => {
  it('are the commits in its trees that .gitmodules has an entry for, with their whole addresses', async () => {
    await linkSubmodule(app, 'libs/x', C1);
    await linkSubmodule(app, 'libs/y', C2);
    const text = gitmodules({
      'libs/x': { url: '../x.git' },
      why: {
        path: 'libs/y',
        url: 'git@git.example:team/y',
        more: '\tupdate = none\n\tbranch = other\n',
      },
      gone: { url: '../gone.git' },
    });
    await app.commit({ message: 'two', files: { '.gitmodules': text } });
    const { references, problems, unreached } = await found();
    expect(references).toEqual([
      {
        kind: 'git',
        url: `file://${directory.join('srv/team/x.git')}`,
        revision: { as: 'commit', text: C1 },
        place: { file: '.gitmodules', object: 'submodule "libs/x"', path: 'libs/x' },
        confidence: 'certain',
        submodule: {},
      },
      {
        kind: 'git',
        url: 'ssh://git@git.example/team/y',
        revision: { as: 'commit', text: C2 },
        place: { file: '.gitmodules', object: 'submodule "why"', path: 'libs/y' },
        confidence: 'certain',
        submodule: {},
      },
    ]);
    expect([problems, unreached]).toEqual([[], []]);
  });

  it('are those of every pinned ref, each once, and as they were there', async () => {
    await linkSubmodule(app, 'x', C1);
    await app.commit({
      message: '2',
      files: { '.gitmodules': gitmodules({ x: { url: '../x' } }) },
      tags: ['v1'],
    });
    await app.commit({ message: '3', files: { 'a.txt': 'three' }, annotatedTags: { v2: 'two' } });
    await linkSubmodule(app, 'x', C2);
    await app.commit({ message: '4', files: {}, tags: ['v3'] });
    await app.commit({
      message: '5',
      files: { '.gitmodules': gitmodules({ x: { url: '../z' } }) },
      tags: ['v4'],
    });
    await app.git('rm', '-q', '--cached', 'x');
    await rmdir(`${app.path}/x`);
    const gone = gitmodules({ x: { url: '../gone' } });
    await app.commit({ message: '6', files: { '.gitmodules': gone }, tags: ['v5'] });
    await app.commit({ message: '7', files: { 'a.txt': 'seven' } });
    const at = (name: string): string => `x file://${directory.join('srv/team', name)}`;
    expect((await found()).references.map(short)).toEqual([`${at('x')} 1`, `${at('x')} 2`, `${at('z')} 2`]);
    const old = await app.git('rev-parse', 'v1');
    expect((await found([old])).references.map(short)).toEqual([`${at('x')} 1`]);
    const onlyMain = await source.readSubmodules(await pinOf({ refs: ['main'] }), run);
    expect(onlyMain).toEqual({ references: [], problems: [], unreached: [] });
  });

  it('agree with what git itself says', async () => {
    await linkSubmodule(app, 'libs/ü "x', C1);
    await linkSubmodule(app, 'plain', C2);
    const text = gitmodules({
      'a.b "': { path: '"libs/ü \\"x"', url: '"https://git.example/a;b"' },
      plain: { url: '../plain # comment' },
    }).replace('"a.b ""', '"a.b \\""');
    await app.commit({ message: 'odd', files: { '.gitmodules': text } });
    const urlOf = (name: string): Promise<string> =>
      app.git('config', '-f', '.gitmodules', '--get', `submodule.${name}.url`);
    expect([await urlOf('a.b "'), await urlOf('plain')]).toEqual(['https://git.example/a;b', '../plain']);
    expect((await found()).references).toMatchObject([
      { url: 'https://git.example/a;b', place: { object: 'submodule "a.b ""', path: 'libs/ü "x' } },
      { url: `file://${directory.join('srv/team/plain')}`, place: { path: 'plain' } },
    ]);
  });

  it('cost no look into history: a repository without .gitmodules is not brought', async () => {
    const pin = await pinOf({ lfs: 'none' });
    const { directory: mirror } = mirrorOf(directory.join('work'), pin);
    expect(await source.readSubmodules(pin, run)).toEqual({ references: [], problems: [], unreached: [] });
    expect(await isRepository(mirror)).toBe(false);
    const usual = await pinOf();
    await app.git('update-ref', '-d', 'HEAD');
    await app.git('tag', '-d', 'v0');
    expect(await source.readSubmodules(usual, run)).toMatchObject({ references: [] });
    expect(await isRepository(mirror)).toBe(false);
  });

  it('are not looked for from afar where the repository is brought next', async () => {
    const pin = await pinOf({ lfs: 'none' });
    const { directory: mirror } = mirrorOf(directory.join('work'), pin);
    await sourceOf({ bringsAtOnce: true }).readSubmodules(pin, run);
    expect(await isRepository(mirror)).toBe(true);
  });

  it('are looked for once in a commit that has none, also where the next run begins anew', async () => {
    await linkSubmodule(app, 'x', C1);
    const text = gitmodules({ x: { url: '../x' } });
    await app.commit({ message: '2', branch: 'with', files: { '.gitmodules': text } });
    const pin = await pinOf();
    const asked: string[] = [];
    const git = createGit();
    const watched: Git = {
      ...git,
      run: (command, ...rest) => {
        if (command.doing.startsWith('look for submodules')) asked.push(String(command.input).trim());
        return git.run(command, ...rest);
      },
    };
    for (let i = 0; i < 2; i += 1)
      expect((await sourceOf({ git: watched }).readSubmodules(pin, run)).references).toHaveLength(1);
    const [main, tip] = [await app.git('rev-parse', 'main'), await app.git('rev-parse', 'with')];
    const ofTip = `${tip}^{tree}\n${tip}^{tree}:.gitmodules`;
    expect(asked[0]?.split('\n').sort()).toEqual(
      [...ofTip.split('\n'), `${main}^{tree}`, `${main}^{tree}:.gitmodules`].sort(),
    );
    expect(asked[1]).toBe(ofTip);
  });

  it('are read of commits that the pinned refs reach, and of no other', async () => {
    await linkSubmodule(app, 'x', C1);
    const old = await app.commit({
      message: '2',
      files: { '.gitmodules': gitmodules({ x: { url: '../x' } }) },
    });
    await app.commit({ message: '3', files: { 'a.txt': 'three' } });
    const aside = await app.commit({ message: 'aside', branch: 'aside', files: { 'b.txt': 'x' } });
    const pin = await pinOf({ refs: ['main', 'v0'] });
    await source.readSubmodules(await pinOf(), run);
    const { references, unreached } = await source.readSubmodules(pin, run, [old, aside, C2, 'abc']);
    expect(references).toHaveLength(1);
    expect([...unreached].sort()).toEqual([aside, C2, 'abc'].sort());
    const pinned = await source.pinCommits(pin, [old, await app.git('rev-parse', 'v0')], run);
    expect(pinned.commits).toEqual([old, await app.git('rev-parse', 'v0')].sort());
    await expect(source.pinCommits(pin, [aside], run)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});

describe('a .gitmodules that is not as it should be', () => {
  it('leaves out what git leaves out, and says so', async () => {
    for (const [i, path] of ['no-entry', 'no-url', 'twice', 'kept'].entries())
      await linkSubmodule(app, path, String(i + 1).repeat(40));
    const text = `${gitmodules({
      first: { path: 'twice', url: '../first' },
      second: { path: 'twice', url: '../second' },
      kept: { url: '../once' },
      'kept ': { path: 'none', url: '../none' },
    })}[submodule "no-url"]\n\tpath = no-url\n[submodule "kept"]\n\turl = ../again\n[submodule]\n\turl\n`;
    await app.commit({ message: 'odd', files: { '.gitmodules': text } });
    const { references, problems } = await found();
    expect(references.map(({ url }) => url.split('/').at(-1)).sort()).toEqual(['again', 'second']);
    expect(problems.map(({ place, message }) => `${place.file}: ${message}`).sort()).toEqual([
      '.gitmodules: the path "twice" has two entries, of which git takes the last',
      'no-entry: it is a commit of another repository, and .gitmodules does not say of which',
      'no-url: it is a commit of another repository, and .gitmodules does not say of which',
    ]);
    await app.git('remote', 'add', 'origin', 'https://git.example/team/app');
    await app.git('submodule', 'init', 'twice', 'kept');
    const registered = await app.git('config', '--get-regexp', '^submodule\\..*url$');
    expect(registered.split('\n').sort()).toEqual([
      'submodule.kept.url https://git.example/team/again',
      'submodule.second.url https://git.example/team/second',
    ]);
  });

  it.each([
    ['ext::sh -c touch% /tmp/gone', 'a space'],
    ['ext::sh', 'transport helper'],
    ['file:///srv/x', 'directory of one machine'],
    ['/srv/x', 'directory of one machine'],
    ['libs/x', 'directory of one machine'],
    ['../../../../../../../../../../x', 'leads above the host'],
    ['https://user:hunter2@git.example/x', 'carries credentials'],
    ['https://git.example/x?y', 'query'],
    ['ssh://-oProxyCommand=x/y', 'refused'],
  ])('names %s: nobody is asked for it', async (url, why) => {
    await linkSubmodule(app, 'x', C1);
    await app.commit({ message: 'odd', files: { '.gitmodules': gitmodules({ x: { url } }) } });
    const [only] = (await found()).references;
    expect(only).toMatchObject({ url, submodule: { refused: expect.stringContaining(why) } });
    expect(only?.submodule?.refused).not.toContain('hunter2');
  });

  it.each([
    ['a name that leads out', '[submodule "../../x"]\n\tpath = x\n\turl = ../x\n'],
    ['a URL that is an option', '[submodule "x"]\n\tpath = x\n\turl = -u./payload\n'],
    ['a command', '[submodule "x"]\n\tpath = x\n\turl = ../x\n\tupdate = !touch gone\n'],
    ['a path that is an option', '[submodule "x"]\n\tpath = --x\n\turl = ../x\n'],
  ])('has %s: the repository is refused as git refuses it', async (_what, text) => {
    await linkSubmodule(app, 'x', C1);
    await app.commit({ message: 'hostile', files: { '.gitmodules': text } });
    await expect(found()).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it.each([
    ['no configuration', '[submodule "x"\n'],
    ['an include', '[include]\n\tpath = /etc/passwd\n'],
    ['nothing', ''],
  ])('is %s: nothing of it counts', async (_what, text) => {
    await linkSubmodule(app, 'x', C1);
    await app.commit({ message: 'odd', files: { '.gitmodules': text } });
    const { references, problems } = await found();
    expect(references).toEqual([]);
    expect(problems.map(({ place }) => place.file)).toContain('x');
  });

  it('is a link: the repository is refused', async () => {
    await linkSubmodule(app, 'x', C1);
    const blob = await app.git('hash-object', '-w', 'a.txt');
    await commitTree(`120000 blob ${blob}\t.gitmodules\n160000 commit ${C1}\tx\n`);
    await expect(found()).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
  });

  it('is too large, or has too many', async () => {
    await linkSubmodule(app, 'x', C1);
    const text = gitmodules({ x: { url: '../x' } });
    const large = `${text}# ${'x'.repeat(1_048_577)}\n`;
    await app.commit({ message: 'large', files: { '.gitmodules': large } });
    await expect(found()).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      hint: expect.stringContaining('submodules: none'),
    });
    await writeFile(`${app.path}/.gitmodules`, text);
    const blob = await app.git('hash-object', '-w', '.gitmodules');
    const lines = Array.from({ length: 10_001 }, (_, i) => `160000 commit ${C1}\tx${i}\n`);
    await commitTree(`100644 blob ${blob}\t.gitmodules\n${lines.join('')}`);
    await expect(found()).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: expect.stringContaining('10000'),
    });
  });
});
