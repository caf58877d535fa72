import { quietRun } from '@gapferry/core';
import {
  createRepository,
  mustRun,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGit } from '../git-tool.ts';
import { readObjects } from './read-objects.ts';

const git = createGit();
let home: TemporaryDirectory;
let repository: TestGitRepository;
let commit: string;

beforeAll(async () => {
  home = await temporaryDirectory();
  repository = await createRepository(home.join('r'));
  commit = await repository.commit({ message: 'one', files: { a: 'a' }, annotatedTags: { v1: 'first' } });
});
afterAll(() => home[Symbol.asyncDispose]());

const read = (...oids: readonly string[]): ReturnType<typeof readObjects> =>
  readObjects(git, { directory: `${repository.path}/.git` }, oids, 'git example.org/r', quietRun());
const write = async (type: string, text: string): Promise<string> =>
  (
    await mustRun('git', ['-C', repository.path, 'hash-object', '-t', type, '-w', '--stdin', '--literally'], {
      input: text,
    })
  ).trim();

it('tags and commits are read with their bytes, each once; trees and blobs are passed over', async () => {
  const { 'refs/tags/v1': tag = '' } = await repository.refs();
  const others = [
    await repository.git('rev-parse', 'HEAD^{tree}'),
    await repository.git('rev-parse', 'HEAD:a'),
  ];
  const found = await read(tag, commit, commit, ...others);
  expect(found.map(({ oid, type }) => [oid, type])).toEqual(
    [
      [tag, 'tag'],
      [commit, 'commit'],
    ].sort(([a = ''], [b = '']) => (a < b ? -1 : 1)),
  );
  for (const { oid, type, content } of found)
    expect(Buffer.from(content).toString().trimEnd()).toBe(await repository.git('cat-file', type, oid));
  expect(await read()).toEqual([]);
});

it('one that is too large is named, and not read', async () => {
  const text = `tree ${'0'.repeat(40)}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n\n`;
  const large = await write('commit', `${text}${'x'.repeat(1_048_577 - text.length)}`);
  await expect(read(commit, large)).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    message: expect.stringContaining(`commit ${large} of git example.org/r has 1048577 bytes`),
  });
  expect(await read(await write('commit', `${text}${'x'.repeat(1_048_576 - text.length)}`))).toHaveLength(1);
});

it('more than one release may carry is refused', async () => {
  const text = `tree ${'0'.repeat(40)}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> 0 +0000\n\n`;
  const many = await Promise.all(
    Array.from({ length: 9 }, (_, i) => write('commit', `${text}${i}${'x'.repeat(1_000_000)}`)),
  );
  await expect(read(...many)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  const ids = Array.from({ length: 10_001 }, (_, i) => i.toString(16).padStart(40, '0'));
  await expect(read(...ids)).rejects.toMatchObject({
    code: 'LIMIT_EXCEEDED',
    hint: expect.stringContaining('"verify"'),
  });
});

it('what is not there is no answer', async () => {
  await expect(read('1'.repeat(40))).rejects.toMatchObject({ code: 'CONTENT_INVALID' });
});
