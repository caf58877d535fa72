import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, dirname } from 'node:path';
import { gitEnvironment, mustRun } from '@gapferry/testkit';
import { tool } from './tools.ts';

/** git with the real git-lfs, and a configuration of its own below `home`. */
export interface GitLfs {
  /** Runs git; returns what it printed. Throws with its words when it fails. */
  git(cwd: string, ...args: readonly string[]): Promise<string>;
}

/** `more`: further settings, key → value. */
export async function installGitLfs(
  home: string,
  more: Readonly<Record<string, string>> = {},
): Promise<GitLfs> {
  await mkdir(home, { recursive: true });
  const { GIT_CONFIG_GLOBAL: _, ...environment } = gitEnvironment();
  const PATH = [dirname(tool('git-lfs')), environment['PATH']].join(delimiter);
  const env = { ...environment, HOME: home, PATH };
  const git: GitLfs['git'] = (cwd, ...args) => mustRun('git', args, { cwd, env });
  await writeFile(`${home}/.gitconfig`, '');
  await git(home, 'lfs', 'install', '--skip-repo');
  for (const [key, value] of Object.entries(more)) await git(home, 'config', '--global', key, value);
  return { git };
}
