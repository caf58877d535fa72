import type { Run } from '@gapferry/core';
import type { Git } from '../git-tool.ts';

const MOST_BYTES = 268_435_456;

/** Which of these objects are in the repository. */
export async function knownIds(
  git: Git,
  repository: string,
  oids: Iterable<string>,
  run: Run,
): Promise<ReadonlySet<string>> {
  const input = [...new Set(oids)].map((oid) => `${oid}\n`).join('');
  const args = ['cat-file', '--batch-check=%(objectname)', '--buffer'];
  const { text } = await git.run(
    { repository, doing: `look for objects in ${repository}`, args, input },
    run,
    MOST_BYTES,
  );
  return new Set(text.split('\n').filter((line) => /^[0-9a-f]+$/.test(line)));
}

/** How many commits `to` has that `from` has not, or undefined where `from` is not among the history of `to`: something would be lost. */
export async function commitsForward(
  git: Git,
  repository: string,
  from: string,
  to: string,
  run: Run,
): Promise<number | undefined> {
  const args = ['rev-list', '--left-right', '--count', '--end-of-options', `${from}...${to}`, '--'];
  const doing = `compare two commits of ${repository}`;
  // 128: one of them is not here, or no commit.
  const { status, text } = await git.run({ repository, doing, args, accept: [128] }, run);
  const [, lost, added] = /^(\d+)\t(\d+)$/.exec(text.trim()) ?? [];
  return status === 0 && lost === '0' ? Number(added) : undefined;
}

/** Bytes in this repository's packs of what `wanted` reaches and `have` does not: about what a push would send. */
export async function sizeBetween(
  git: Git,
  repository: string,
  wanted: readonly string[],
  have: Iterable<string>,
  run: Run,
): Promise<number> {
  const args = ['rev-list', '--objects', '--disk-usage', '--stdin'];
  const input = between(wanted, have);
  const { text } = await git.run(
    { repository, doing: `measure what ${repository} would send`, args, input },
    run,
  );
  return Number(text.trim());
}

/** Commits that `wanted` reaches and `have` does not, parents before children. */
export async function commitsBetween(
  git: Git,
  repository: string,
  wanted: readonly string[],
  have: Iterable<string>,
  run: Run,
): Promise<string[]> {
  const args = ['rev-list', '--topo-order', '--reverse', '--stdin'];
  const input = between(wanted, have);
  const { text } = await git.run(
    { repository, doing: `list the commits of ${repository}`, args, input },
    run,
    MOST_BYTES,
  );
  return text.split('\n').filter((line) => line !== '');
}

/** Everything that `wanted` reaches and `have` does not. */
export async function objectsBetween(
  git: Git,
  repository: string,
  wanted: readonly string[],
  have: Iterable<string>,
  run: Run,
): Promise<ReadonlySet<string>> {
  const args = ['rev-list', '--objects', '--no-object-names', '--stdin'];
  const input = between(wanted, have);
  const { text } = await git.run(
    { repository, doing: `list the objects of ${repository}`, args, input },
    run,
    MOST_BYTES,
  );
  return new Set(text.split('\n').filter((line) => line !== ''));
}

/** The fewest commits through which everything that `refs` reach is reached, save what `have` reaches. Tags on other objects than commits are left out. */
export async function tipsOf(
  git: Git,
  repository: string,
  wanted: readonly string[],
  have: Iterable<string>,
  run: Run,
): Promise<string[]> {
  const args = ['rev-list', '--children', '--stdin'];
  const input = between(wanted, have);
  const output = git.stream({ repository, doing: `find the tips of ${repository}`, args, input }, run);
  const tips: string[] = [];
  let rest = '';
  for await (const chunk of output) {
    const lines = (rest + Buffer.from(chunk).toString('latin1')).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '' && !line.includes(' ')) tips.push(line);
  }
  return tips.sort();
}

function between(wanted: readonly string[], have: Iterable<string>): string {
  return [...wanted.map((oid) => `${oid}\n`), ...[...have].map((oid) => `^${oid}\n`)].join('');
}
