import { GapferryError, type Run } from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';

/** What a tree has checked out of other repositories. */
export interface GitlinkTree {
  /** Ids of commits, by path. */
  readonly links: ReadonlyMap<string, string>;
  /** Id of the blob `.gitmodules`; absent where there is none, or where it is no file. */
  readonly gitmodules?: string;
}

/** git knows the empty tree without having it. */
export const EMPTY_TREE = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const;

/** Commits that one tree has checked out. */
export const MOST_LINKS = 10_000;

/** The commits (mode 160000) in each of these trees and what they have as `.gitmodules`, in one walk: each tree is read as what differs from the one before, so that a thousand versions of a large repository
 *  are not listed a thousand times. Trees that have the same are told once. Throws `LIMIT_EXCEEDED` for more than 10,000 in one tree. */
export async function* gitlinkTrees(
  git: Git,
  { directory }: GitMirror,
  trees: readonly string[],
  empty: string,
  what: string,
  run: Run,
): AsyncGenerator<GitlinkTree> {
  const links = new Map<string, string>();
  let gitmodules: string | undefined;
  let changed = false;
  const now = (): GitlinkTree => ({
    links: new Map(links),
    ...(gitmodules !== undefined && { gitmodules }),
  });
  const input = trees.map((tree, i) => `${trees[i - 1] ?? empty} ${tree}\n`).join('');
  const args = ['diff-tree', '--stdin', '-r', '--raw', '-z', '--no-abbrev', '--no-renames'];
  const doing = `list the submodules of ${what}`;
  for await (const record of records(git.stream({ repository: directory, doing, args, input }, run))) {
    if (record.kind === 'next') {
      if (changed) yield now();
      changed = false;
      continue;
    }
    const { mode, oid, before, path } = record;
    if (path === '.gitmodules') {
      gitmodules = mode.startsWith('100') ? oid : undefined;
      changed = true;
    }
    if (before !== LINK && mode !== LINK) continue;
    changed = true;
    if (mode === LINK) links.set(path, oid);
    else links.delete(path);
    if (links.size > MOST_LINKS) throw tooMany(what);
  }
  if (changed) yield now();
}

const LINK = '160000';
const CHANGE = /^:(\d{6}) (\d{6}) [0-9a-f]+ ([0-9a-f]+) \w$/;

type Record =
  | { readonly kind: 'next' }
  | {
      readonly kind: 'change';
      readonly before: string;
      readonly mode: string;
      readonly oid: string;
      readonly path: string;
    };

/** Before each pair's changes stand both ids in a line; a change is `:mode mode id id status NUL path NUL`. */
async function* records(output: AsyncIterable<Uint8Array>): AsyncGenerator<Record> {
  const decoder = new TextDecoder();
  let rest = '';
  let change: RegExpExecArray | undefined;
  for await (const chunk of output) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      if (change !== undefined) {
        const [, before = '', mode = '', oid = ''] = change;
        yield { kind: 'change', before, mode, oid, path: part };
        change = undefined;
        continue;
      }
      const lines = part.split('\n');
      for (const _head of lines.slice(0, -1)) yield { kind: 'next' };
      change = CHANGE.exec(lines.at(-1) ?? '') ?? undefined;
    }
  }
}

function tooMany(what: string): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `${what} has more than ${MOST_LINKS} submodules`,
    hint: 'say "submodules: none" on the line of the repository in bundle.yaml',
  });
}
