import { GapferryError, type GitRef, isGapferryError, type Run } from '@gapferry/core';
import { readCuts, seeingCuts } from './cuts.ts';
import type { Git } from './git-tool.ts';
import { byRefName } from './ref-name.ts';

/** What a bare repository shows: branches and tags, and the branch HEAD points to (which may not exist). */
export interface RepositoryRefs {
  readonly refs: readonly GitRef[];
  readonly head?: string;
  /** Where the history is cut; absent for a whole one. */
  readonly shallow?: readonly string[];
}

/** Reads refs only, and fails when one of them points to an object that is not there. Sorted by name. */
export async function readRefs(git: Git, repository: string, run: Run): Promise<RepositoryRefs> {
  const doing = `read the refs of ${repository}`;
  const args = ['for-each-ref', '--format=%(objectname) %(refname)', 'refs/heads/', 'refs/tags/'];
  const { text } = await git.run({ repository, doing, args }, run, 67_108_864);
  const refs = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ name: line.slice(line.indexOf(' ') + 1), oid: line.slice(0, line.indexOf(' ')) }));
  const head = await git.run(
    { repository, doing, args: ['symbolic-ref', '--quiet', 'HEAD'], accept: [1] },
    run,
  );
  const shallow = await readCuts(repository);
  return {
    refs: refs.sort(byRefName),
    ...(head.status === 0 && { head: head.text.trim() }),
    ...(shallow.length > 0 && { shallow }),
  };
}

/** What has to be in a repository. */
export interface GitReach {
  readonly refs: readonly GitRef[];
  /** Where the history is cut; absent for a whole one. */
  readonly shallow?: readonly string[];
}

/** Proves that everything the refs reach is in the repository, up to the cuts. `proved`: ids of which that is known already. Throws `CONTENT_INVALID`. */
export async function proveComplete(
  git: Git,
  repository: string,
  { refs, shallow = [] }: GitReach,
  item: string,
  run: Run,
  proved: readonly string[] = [],
): Promise<void> {
  const input = [...refs.map(({ oid }) => oid), ...proved.map((oid) => `^${oid}`)]
    .map((line) => `${line}\n`)
    .join('');
  const args = ['rev-list', '--objects', '--quiet', '--stdin'];
  try {
    await seeingCuts(repository, shallow, (variables) =>
      git.run({ repository, doing: `follow the history of ${item}`, args, input, variables }, run),
    );
  } catch (error) {
    if (!isGapferryError(error, 'GIT_FAILED')) throw error;
    throw new GapferryError({
      code: 'CONTENT_INVALID',
      message: `${item} is incomplete: ${error.message}`,
      hint: 'an object that its refs need is missing; collect and carry it again',
      cause: error,
    });
  }
}

/** How many commits `to` has that `from` has not; all of its commits when `from` is undefined. Both are ids or full ref names that exist in the repository. */
export async function countCommits(
  git: Git,
  repository: string,
  from: string | undefined,
  to: string,
  run: Run,
): Promise<number> {
  const revisions = from === undefined ? [to] : [to, `^${from}`];
  const args = ['rev-list', '--count', '--end-of-options', ...revisions, '--'];
  const { text } = await git.run({ repository, doing: `count the commits of ${repository}`, args }, run);
  return Number(text.trim());
}
