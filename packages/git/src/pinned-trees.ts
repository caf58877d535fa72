import { GapferryError, type GitPin, type GitRef, type Run } from '@gapferry/core';
import type { GitMirror } from './git-mirror.ts';
import type { Git } from './git-tool.ts';

/** A tree that refs of a pin lead to. */
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

/** The distinct trees of a pin, HEAD's first. Throws `LIMIT_EXCEEDED` for more than 200 of them. */
export async function pinnedTrees(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  run: Run,
): Promise<readonly PinnedTree[]> {
  const refs = [...pin.refs].sort((a, b) => order(a, pin) - order(b, pin) || (a.name < b.name ? -1 : 1));
  const input = refs.map(({ oid }) => `${oid}^{tree}\n${oid}^{commit}\n`).join('');
  const { text } = await git.run(
    {
      repository: mirror.directory,
      doing: `look up the pinned refs of ${pin.url}`,
      args: ['cat-file', '--batch-check=%(objectname)'],
      input,
    },
    run,
    67_108_864,
  );
  const lines = text.split('\n');
  const found = refs.flatMap(({ name }, i) => {
    const [tree, commit] = [idIn(lines[2 * i]), idIn(lines[2 * i + 1])];
    return tree === undefined ? [] : [{ name, tree, commit }];
  });
  const trees = [...Map.groupBy(found, ({ tree }) => tree)].map(([tree, own]) => ({
    tree,
    refs: own.map(({ name }) => name),
    commits: [...new Set(own.flatMap(({ commit }) => (commit === undefined ? [] : [commit])))],
    what: `${own[0]?.name} of ${pin.url}`,
  }));
  if (trees.length > MOST_TREES) throw tooMany(pin, trees.length);
  return trees;
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
