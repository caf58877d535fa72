import {
  GapferryError,
  type GitFinding,
  type GitPin,
  printable,
  type Run,
  type TreeFault,
} from '@gapferry/core';
import type { GitMirror } from '../git-mirror.ts';
import type { Git } from '../git-tool.ts';
import { EMPTY_TREE, type GitlinkTree, gitlinkTrees } from './gitlinks.ts';
import { type Gitmodules, parseGitmodules } from './parse-gitmodules.ts';
import { submoduleUrl } from './submodule-url.ts';

/** What was found in some commits. */
export interface FoundSubmodules {
  readonly references: readonly GitFinding[];
  readonly problems: readonly TreeFault[];
  /** Which of the commits have no `.gitmodules`. */
  readonly plain: readonly string[];
}

/** Submodules that one repository may have in all of its commits together, each once. */
const MOST_SUBMODULES = 10_000;
/** Comparisons of trees with entries; a stranger could ask for any number of them. */
const MOST_WORK = 5_000_000;
/** More of them tell nobody anything. */
const MOST_PROBLEMS = 100;

/** The submodules of commits (or of tags that lead to some), from a mirror that holds them: what a tree has as a commit and `.gitmodules` beside it has an entry for. What has no entry, or an entry that git
 *  does not use, is a problem: git checks nothing out there. An entry without a commit means nothing. Throws `LIMIT_EXCEEDED`. */
export async function readSubmodules(
  git: Git,
  mirror: GitMirror,
  pin: GitPin,
  commits: readonly string[],
  run: Run,
): Promise<FoundSubmodules> {
  const { trees, plain } = await treesWithGitmodules(git, mirror, pin, commits, run);
  if (trees.length === 0) return { references: [], problems: [], plain };
  const collected = new Collected(pin);
  const parsed = new Map<string, Gitmodules>();
  const empty = EMPTY_TREE[pin.objectFormat];
  for await (const tree of gitlinkTrees(git, mirror, trees, empty, pin.url, run)) {
    const { gitmodules: oid } = tree;
    if (oid === undefined || tree.links.size === 0) continue;
    const known = parsed.get(oid) ?? (await parse(git, mirror, pin, oid, run));
    parsed.set(oid, known);
    collected.add(tree, known);
  }
  return { ...collected.result(), plain };
}

interface Trees {
  /** In which something is called `.gitmodules`: each once, in the order of the commits. */
  readonly trees: readonly string[];
  /** The other commits, and what is none. */
  readonly plain: readonly string[];
}

async function treesWithGitmodules(
  git: Git,
  { directory }: GitMirror,
  { url }: GitPin,
  commits: readonly string[],
  run: Run,
): Promise<Trees> {
  const { text } = await git.run(
    {
      repository: directory,
      doing: `look for submodules in ${url}`,
      args: ['cat-file', '--batch-check=%(objectname)'],
      input: commits.map((oid) => `${oid}^{tree}\n${oid}^{tree}:.gitmodules\n`).join(''),
    },
    run,
    134_217_728,
  );
  const lines = text.split('\n');
  const treeOf = (i: number): string | undefined => {
    const [tree = '', file = ''] = [lines[2 * i], lines[2 * i + 1]];
    return ID.test(tree) && ID.test(file) ? tree : undefined;
  };
  return {
    trees: [...new Set(commits.flatMap((_oid, i) => treeOf(i) ?? []))],
    plain: commits.filter((_oid, i) => treeOf(i) === undefined),
  };
}

const ID = /^[0-9a-f]{40,64}$/;

async function parse(
  git: Git,
  mirror: GitMirror,
  { url }: GitPin,
  oid: string,
  run: Run,
): Promise<Gitmodules> {
  const { text } = await git.run(
    {
      repository: mirror.directory,
      doing: `look for the .gitmodules of ${url}`,
      args: ['cat-file', '--batch-check=%(objectsize)'],
      input: `${oid}\n`,
    },
    run,
  );
  return await parseGitmodules(git, mirror, { oid, size: Number(text.trim()), what: url }, run);
}

class Collected {
  readonly #pin: GitPin;
  readonly #references = new Map<string, GitFinding>();
  readonly #problems = new Map<string, TreeFault>();
  #work = 0;

  constructor(pin: GitPin) {
    this.#pin = pin;
  }

  add({ links }: GitlinkTree, { entries, faults }: Gitmodules): void {
    this.#work += links.size + faults.length;
    for (const fault of faults) this.#tell('', fault);
    for (const [path, commit] of links) {
      const entry = entries.get(path);
      if (entry?.url === undefined)
        this.#tell(path, `it is a commit of another repository, and .gitmodules does not say of which`);
      else this.#refer({ ...entry, url: entry.url }, commit);
    }
    if (this.#references.size > MOST_SUBMODULES || this.#work > MOST_WORK) throw tooMany(this.#pin);
  }

  result(): Omit<FoundSubmodules, 'plain'> {
    return { references: [...this.#references.values()], problems: [...this.#problems.values()] };
  }

  #refer({ name, path, url: written }: { name: string; path: string; url: string }, commit: string): void {
    const key = [name, path, written, commit].join('\n');
    if (this.#references.has(key)) return;
    const read = submoduleUrl(written, this.#pin.url);
    this.#references.set(key, {
      kind: 'git',
      url: 'url' in read ? read.url : written,
      revision: { as: 'commit', text: commit },
      place: { file: '.gitmodules', object: `submodule "${name}"`, path },
      confidence: 'certain',
      submodule: 'url' in read ? {} : { refused: read.refused },
    });
  }

  #tell(path: string, message: string): void {
    const key = `${path}\n${message}`;
    if (this.#problems.size >= MOST_PROBLEMS || this.#problems.has(key)) return;
    this.#problems.set(key, {
      place: path === '' ? { file: '.gitmodules', path: '' } : { file: path, path: '' },
      message: printable(message),
    });
  }
}

function tooMany({ id, url }: GitPin): GapferryError {
  return new GapferryError({
    code: 'LIMIT_EXCEEDED',
    origin: 'source',
    message: `git ${id} (${url}) has more than ${MOST_SUBMODULES} submodules in its refs`,
    hint: 'name fewer refs, or say "submodules: none" on the line of the repository in bundle.yaml',
  });
}
