import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mustRun } from '../process/run-process.ts';
import { gitSettings } from './git-settings.ts';

/** What one commit changes. */
export interface CommitInput {
  readonly message: string;
  /** Path → content; null deletes. */
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>;
  /** Branch to commit on; made from the current one where it does not exist. Default: stay on the current one (`main` at first). */
  readonly branch?: string;
  /** Tags to put on the commit. */
  readonly tags?: readonly string[];
  /** Annotated tags, name → message. */
  readonly annotatedTags?: Readonly<Record<string, string>>;
}

export interface RepositoryOptions {
  readonly objectFormat?: 'sha1' | 'sha256';
}

/** A repository with a working tree. The same commits in the same order give the same ids on every machine: author and dates are fixed. */
export interface TestGitRepository {
  readonly path: string;
  /** Commits; returns the commit's id. */
  commit(input: CommitInput): Promise<string>;
  /** Runs git in the repository; returns standard output without the last line end. Throws with git's words when it fails. */
  git(...args: readonly string[]): Promise<string>;
  /** Full ref name → object id. */
  refs(): Promise<Record<string, string>>;
}

/** The environment in which git behaves the same everywhere: no configuration but its own, no prompts, fixed identity. */
export function gitEnvironment(): Record<string, string> {
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    TZ: 'UTC',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ada Example',
    GIT_AUTHOR_EMAIL: 'ada@example.com',
    GIT_COMMITTER_NAME: 'Ada Example',
    GIT_COMMITTER_EMAIL: 'ada@example.com',
    ...gitSettings({}),
  };
}

/** Repositories that were made with git already, by what was asked for. */
const made = new Map<string, Promise<string>>();
let below: string | undefined;

/** Makes a repository at `path` with system git and puts the commits into it. What a process makes more than once it copies. */
export async function createRepository(
  path: string,
  commits: readonly CommitInput[] = [],
  options: RepositoryOptions = {},
): Promise<TestGitRepository> {
  const asked = JSON.stringify([commits, options]);
  const making = made.get(asked) ?? makeRepository(commits, options);
  made.set(asked, making);
  cpSync(await making, path, { recursive: true });
  return repositoryAt(path, commits.length);
}

/** A repository that is there already. Its next commit is dated after those it has. */
export async function openRepository(path: string): Promise<TestGitRepository> {
  return repositoryAt(path, Number(await git(path, ['rev-list', '--all', '--count'])));
}

async function makeRepository(
  commits: readonly CommitInput[],
  { objectFormat = 'sha1' }: RepositoryOptions,
): Promise<string> {
  const path = join(madeBelow(), String(made.size));
  await mkdir(path);
  const options = ['--quiet', '--template=', '--initial-branch=main', `--object-format=${objectFormat}`];
  await git(path, ['init', ...options]);
  await mkdir(join(path, '.git/hooks'));
  const repository = repositoryAt(path, 0);
  for (const commit of commits) await repository.commit(commit);
  return path;
}

/** Removed when the process ends. */
function madeBelow(): string {
  if (below === undefined) {
    const directory = mkdtempSync(join(tmpdir(), 'gapferry-repositories-'));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    below = directory;
  }
  return below;
}

function repositoryAt(path: string, commits: number): TestGitRepository {
  let count = commits;
  return {
    path,
    git: (...args) => git(path, args),
    commit: (input) => commit(path, input, dateOf(count++)),
    refs: () => refsOf(path),
  };
}

async function commit(path: string, input: CommitInput, date: string): Promise<string> {
  const dates = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
  if (input.branch !== undefined) await switchTo(path, input.branch);
  for (const [name, content] of Object.entries(input.files ?? {})) await put(join(path, name), content);
  await git(path, ['add', '--all']);
  await git(path, ['commit', '--quiet', '--allow-empty', '--no-gpg-sign', '-m', input.message], dates);
  for (const tag of input.tags ?? []) await git(path, ['tag', tag]);
  for (const [tag, message] of Object.entries(input.annotatedTags ?? {}))
    await git(path, ['tag', '-a', tag, '-m', message], dates);
  return git(path, ['rev-parse', 'HEAD']);
}

async function switchTo(path: string, branch: string): Promise<void> {
  const exists = await git(path, ['branch', '--list', branch]);
  await git(path, ['switch', '--quiet', ...(exists === '' ? ['-c'] : []), branch]);
}

async function put(path: string, content: string | Uint8Array | null): Promise<void> {
  if (content === null) return rm(path);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** One minute after the commit before. */
function dateOf(count: number): string {
  return new Date(Date.UTC(2024, 0, 1, 0, count)).toISOString().replace('.000Z', '+00:00');
}

async function refsOf(path: string): Promise<Record<string, string>> {
  const text = await git(path, ['for-each-ref', '--format=%(refname) %(objectname)']);
  const lines = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(lines.map((line) => line.split(' ') as [string, string]));
}

async function git(path: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const output = await mustRun('git', args, { cwd: path, env: { ...gitEnvironment(), ...env } });
  return output.replace(/\n$/, '');
}
