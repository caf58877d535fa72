import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createRepository, gitEnvironment, mustRun } from '@gapferry/testkit';
import type { Day } from './days.ts';

/** The upstream's Git repository. */
export interface History {
  /** What is in it: the history of the checkout, or why it is another. */
  readonly origin: string;
  /** Full ref name → object id. */
  refs(): Promise<Record<string, string>>;
  /** Adds one commit per piece of news, and the tag of the day. */
  publish(day: Day): Promise<void>;
}

/** Makes a bare repository at `directory` with the history of the checkout at `root`, as branch `main`, whatever branch is checked out there. */
export async function createHistory(root: string, directory: string): Promise<History> {
  const git = gitIn(directory);
  await mustRun('git', ['init', '--quiet', '--bare', '--initial-branch=main', directory], {
    env: gitEnvironment(),
  });
  const refused = await fetchHead(root, git);
  if (refused !== undefined) await fetchGenerated(`${directory}.source`, git);
  const count = await git(['rev-list', '--count', 'main']);
  return {
    origin:
      refused === undefined
        ? `the history of this checkout, ${count} commit(s)`
        : `a small generated history instead of the checkout's (${refused})`,
    refs: async () => refsOf(await git(['for-each-ref', '--format=%(refname) %(objectname)'])),
    publish: (day) => publish(day, directory, git),
  };
}

type GitIn = (
  args: readonly string[],
  more?: { readonly env?: Readonly<Record<string, string>>; readonly input?: string },
) => Promise<string>;

function gitIn(directory: string): GitIn {
  return async (args, { env = {}, input } = {}) => {
    const all = ['--git-dir', directory, ...args];
    const output = await mustRun('git', all, {
      env: { ...gitEnvironment(), ...env },
      ...(input !== undefined && { input }),
    });
    return output.replace(/\n$/, '');
  };
}

/** Fetches what is checked out; returns why that cannot be. */
async function fetchHead(root: string, git: GitIn): Promise<string | undefined> {
  try {
    const shallow = await mustRun('git', ['-C', root, 'rev-parse', '--is-shallow-repository'], {
      env: gitEnvironment(),
    });
    if (shallow.trim() === 'true') return 'the checkout is a shallow clone';
    await git(['fetch', '--quiet', '--no-tags', root, 'HEAD:refs/heads/main']);
    return undefined;
  } catch (error) {
    return `the checkout is no Git repository that can be read: ${String(error).split('\n').at(-2) ?? ''}`;
  }
}

async function fetchGenerated(path: string, git: GitIn): Promise<void> {
  const commits = Array.from({ length: 12 }, (_, i) => ({
    message: `Step ${i + 1}`,
    files: { 'README.md': `# gapferry\n\nstep ${i + 1}\n`, [`notes/${i + 1}.md`]: 'note\n'.repeat(100 * i) },
  }));
  await createRepository(path, commits);
  await git(['fetch', '--quiet', '--no-tags', path, 'HEAD:refs/heads/main']);
  await rm(path, { recursive: true });
}

function refsOf(text: string): Record<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
}

async function publish({ version, news }: Day, directory: string, git: GitIn): Promise<void> {
  for (const message of news) await commit(message, directory, git);
  await git(['tag', `v${version}`, 'main']);
}

/** A commit without a working tree, an hour after its parent: the same parent and message give the same id. */
async function commit(message: string, directory: string, git: GitIn): Promise<void> {
  const parent = await git(['rev-parse', 'refs/heads/main']);
  const date = `${Number(await git(['log', '-1', '--format=%ct', parent])) + 3600} +0000`;
  const env = {
    GIT_INDEX_FILE: join(directory, 'demo-index'),
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_DATE: date,
  };
  await git(['read-tree', parent], { env });
  const blob = await git(['hash-object', '-w', '--stdin'], { env, input: `${message}, after ${parent}\n` });
  await git(['update-index', '--add', '--cacheinfo', `100644,${blob},NEWS.md`], { env });
  const tree = await git(['write-tree'], { env });
  const id = await git(['commit-tree', tree, '-p', parent, '-m', message], { env });
  await git(['update-ref', 'refs/heads/main', id, parent]);
}
