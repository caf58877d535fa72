import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createRepository,
  type TemporaryDirectory,
  type TestGitRepository,
  temporaryDirectory,
} from '@gapferry/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normalizeGitUrl } from '../git-url.ts';
import { submoduleUrl } from './submodule-url.ts';

const parents = [
  'https://git.example/a/b',
  'https://git.example/a/b.git/',
  'https://git.example/a/b//',
  'https://git.example:8443/a/b',
  'ssh://git@git.example:2222/a/b.git',
  'git@git.example:a/b.git',
  'file:///srv/a/b',
] as const;
const relative = ['./x', '../x', '../../x.git', '../x/', '.././x', './../x', '../x/../y', '..//x'] as const;

const names = relative.map((_, i) => `s${i}`);
let directory: TemporaryDirectory;
let repository: TestGitRepository;
beforeAll(async () => {
  directory = await temporaryDirectory();
  const sections = names.map(
    (name, i) => `[submodule "${name}"]\n\tpath = ${name}\n\turl = ${relative[i]}\n`,
  );
  const files = { '.gitmodules': sections.join('') };
  repository = await createRepository(directory.join('app'), [{ message: 'one', files }]);
  const head = (await repository.git('rev-parse', 'HEAD')).trim();
  const links = names.flatMap((name) => ['--cacheinfo', `160000,${head},${name}`]);
  await repository.git('update-index', '--add', ...links);
  await copyFile(join(repository.path, '.git/config'), directory.join('config'));
});
afterAll(() => directory.remove());

/** What `git submodule init` writes down where a clone comes from the parent, in the order of `relative`. */
async function byGit(parent: string): Promise<string[]> {
  await copyFile(directory.join('config'), join(repository.path, '.git/config'));
  await repository.git('config', 'remote.origin.url', parent);
  await repository.git('submodule', '--quiet', 'init');
  const listing = await repository.git('config', '--get-regexp', '^submodule\\..*\\.url$');
  const urls = new Map(
    listing.split('\n').map((line): [string, string] => {
      const space = line.indexOf(' ');
      return [line.slice(0, space), line.slice(space + 1)];
    }),
  );
  return names.map((name) => urls.get(`submodule.${name}.url`) ?? '');
}

describe('the relative URL of a submodule', () => {
  it.each(parents)('leads from %s where git leads', async (parent) => {
    const ours = relative.map((written) => submoduleUrl(written, normalizeGitUrl(parent)));
    expect(ours).toEqual((await byGit(parent)).map((url) => ({ url: normalizeGitUrl(url) })));
  });

  it.each([
    ['https://git.example/a/b', '../../../x'],
    ['https://git.example/b', '../../other.example/x'],
    ['ssh://git@git.example/a', '../../../../x'],
    ['file:///a', '../../x'],
  ])('leads from %s by %s to no other host, unlike with git', (parent, written) => {
    expect(submoduleUrl(written, parent)).toEqual({ refused: expect.stringContaining('above the host') });
  });
});
