import { GapferryError, type GitPin, type GitRef, type Run, type TreeChoice } from '@gapferry/core';
import type { GitMirror } from './git-mirror.ts';
import type { Git } from './git-tool.ts';
import { reachedCommits } from './reached-commits.ts';

/** A tree that refs of a pin, or commits that they reach, lead to. */
export interface PinnedTree {
  readonly tree: string;
  /** Full names; HEAD's first, then sorted. */
  readonly refs: readonly string[];
  /** Ids of their commits, each once. */
  readonly commits: readonly string[];
  /** For messages: `refs/heads/main of https://…`. */
  readonly what: string;
}

/** More trees than this nobody wants to have looked at. */
const MOST_TREES = 200;

/** The distinct trees of a pin, HEAD's first, or some of them. Throws `LIMIT_EXCEEDED` for more than 200 of them, `SOURCE_NOT_FOUND` as `TreeReader` says. */
export async function pinnedTrees(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  run: Run,
  only?: TreeChoice,
): Promise<readonly PinnedTree[]> {
  const refs = chosenRefs(pin, only).sort(
    (a, b) => order(a, pin) - order(b, pin) || (a.name < b.name ? -1 : 1),
  );
  const commits = await reachedCommits(git, mirror, pin, only?.commits ?? [], run);
  const ways: readonly Way[] = [...refs, ...commits.map((oid) => ({ oid }))];
  const found = await lookUp(git, mirror, pin, ways, run);
  const trees = [...Map.groupBy(found, ({ tree }) => tree)].map(([tree, own]) => ({
    tree,
    refs: own.flatMap(({ name }) => name ?? []),
    commits: [...new Set(own.flatMap(({ commit }) => commit ?? []))],
    what: `${own[0]?.name ?? own[0]?.commit} of ${pin.url}`,
  }));
  if (trees.length > MOST_TREES) throw tooMany(pin, trees.length);
  return trees;
}

/** What leads to a tree: a ref, or a commit, which has no name. */
interface Way {
  readonly name?: string;
  readonly oid: string;
}

interface Found {
  readonly name?: string;
  readonly tree: string;
  readonly commit?: string;
}

/** Ways that lead to no tree are left out: a tag may name a file. */
async function lookUp(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  ways: readonly Way[],
  run: Run,
): Promise<Found[]> {
  if (ways.length === 0) return [];
  const { text } = await git.run(
    {
      repository: mirror.directory,
      doing: `look up the pinned refs of ${pin.url}`,
      args: ['cat-file', '--batch-check=%(objectname)'],
      input: ways.map(({ oid }) => `${oid}^{tree}\n${oid}^{commit}\n`).join(''),
    },
    run,
    67_108_864,
  );
  const lines = text.split('\n');
  return ways.flatMap(({ name }, i) => {
    const [tree, commit] = [idIn(lines[2 * i]), idIn(lines[2 * i + 1])];
    if (tree === undefined) return [];
    return [{ tree, ...(name !== undefined && { name }), ...(commit !== undefined && { commit }) }];
  });
}

function chosenRefs(pin: GitPin, only: TreeChoice | undefined): GitRef[] {
  if (only === undefined) return [...pin.refs];
  const missing = only.refs.find((name) => !pin.refs.some((ref) => ref.name === name));
  if (missing === undefined) return pin.refs.filter(({ name }) => only.refs.includes(name));
  throw new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    origin: 'source',
    message: `git ${pin.id} (${pin.url}) is not pinned at ${missing.slice(0, 200)}`,
    hint: 'name the ref under "refs" of the repository in bundle.yaml',
    data: { revision: missing },
  });
}

function order({ name }: GitRef, { head }: GitPin): number {
  return name === head ? 0 : 1;
}

/** git says `… missing` of what leads to no such object: a tag may name a file. */
function idIn(line: string | undefined): string | undefined {
  return line !== undefined && /^[0-9a-f]{40,64}$/.test(line) ? line : undefined;
}

function tooMany({ id, refs }: GitPin, trees: number): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `git ${id} is pinned at ${refs.length} refs with ${trees} different trees; images are looked for in at most ${MOST_TREES}`,
    hint: 'name the refs that are deployed under "refs", or leave out "images: discover"',
  });
}
