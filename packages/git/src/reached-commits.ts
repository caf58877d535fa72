import { GapferryError, type GitPin, printable, type Run } from '@gapferry/core';
import type { GitMirror } from './git-mirror.ts';
import type { Git } from './git-tool.ts';
import { streamLines } from './packing/stream-lines.ts';

const ID = /^[0-9a-f]{7,64}$/;
/** More of them nobody asks for at once. */
const MOST_COMMITS = 1_000;

/** Full ids of commits, each proved to be reached by a pinned ref: every commit that the refs reach is listed, and held against what is wanted. An id of at least seven digits that is not full means
 *  the one commit that begins so. Throws `SOURCE_NOT_FOUND` for what is not reached or means several. */
export async function reachedCommits(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  wanted: readonly string[],
  run: Run,
): Promise<readonly string[]> {
  if (wanted.length === 0) return [];
  if (wanted.length > MOST_COMMITS) throw tooMany(pin, wanted.length);
  const unreadable = wanted.find((id) => !ID.test(id.toLowerCase()));
  if (unreadable !== undefined) throw notReached(pin, unreadable, 'is no id of a commit');
  const meant = await commitsThatBegin(git, mirror, pin, [...new Set(wanted)], run);
  const commits = [...meant].map(([id, [commit, another]]) => {
    if (commit === undefined) throw notReached(pin, id, 'is reached by none of its pinned refs');
    if (another !== undefined) throw notReached(pin, id, `may be ${commit} and ${another}`);
    return commit;
  });
  return [...new Set(commits)];
}

/** For each id at most two commits. What the refs reach may be a million: nothing of it is kept. */
async function commitsThatBegin(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  wanted: readonly string[],
  run: Run,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map(wanted.map((id) => [id, [] as string[]]));
  const byStart = Map.groupBy(wanted, (id) => id.slice(0, 7).toLowerCase());
  const command = {
    repository: mirror.directory,
    doing: `list the commits of ${pin.url}`,
    args: ['rev-list', '--stdin'],
    input: pin.refs.map(({ oid }) => `${oid}\n`).join(''),
  };
  let rest = '';
  for await (const chunk of git.stream(command, run)) {
    const lines = `${rest}${Buffer.from(chunk).toString('latin1')}`.split('\n');
    rest = lines.pop() ?? '';
    for (const commit of lines)
      for (const id of byStart.get(commit.slice(0, 7)) ?? []) {
        const own = found.get(id) ?? [];
        if (own.length < 2 && commit.startsWith(id.toLowerCase())) own.push(commit);
      }
  }
  return found;
}

/** Which of these full ids are no commits that a pinned ref reaches. git walks only as far back as it takes to know. */
export async function unreachedCommits(
  git: Git,
  { directory }: GitMirror,
  { url, refs }: GitPin,
  commits: readonly string[],
  run: Run,
): Promise<ReadonlySet<string>> {
  const wanted = new Set(commits).difference(new Set(refs.map(({ oid }) => oid)));
  if (wanted.size === 0) return wanted;
  const doing = `look for commits of ${url}`;
  const looked = await git.run(
    {
      repository: directory,
      doing,
      args: ['cat-file', '--batch-check=%(objectname) %(objecttype)'],
      input: [...wanted].map((oid) => `${oid}\n`).join(''),
    },
    run,
    67_108_864,
  );
  const there = new Set(
    looked.text.split('\n').flatMap((line) => (line.endsWith(' commit') ? [line.slice(0, -7)] : [])),
  );
  const unreached = wanted.difference(there);
  const input = [...there, ...refs.map(({ oid }) => `^${oid}`)].map((line) => `${line}\n`).join('');
  const command = { repository: directory, doing, args: ['rev-list', '--stdin'], input };
  if (there.size > 0)
    for await (const lines of streamLines(git.stream(command, run)))
      for (const line of lines) if (wanted.has(line)) unreached.add(line);
  return unreached;
}

function notReached({ id, url }: GitPin, revision: string, why: string): GapferryError {
  const shown = printable(revision.slice(0, 100));
  return new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    origin: 'source',
    message: `git ${id} (${url}): the commit ${shown} ${why}`,
    hint: 'name a ref that leads to the commit under "refs" of the repository in bundle.yaml, or correct what names the commit',
    data: { revision },
  });
}

function tooMany({ id }: GitPin, count: number): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${count} commits of git ${id} are to be looked into; at most ${MOST_COMMITS} are`,
  });
}
