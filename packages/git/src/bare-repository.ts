import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GapferryError, type Run } from '@gapferry/core';
import type { GitSetting } from './git-environment.ts';
import type { Git } from './git-tool.ts';

export type ObjectFormat = 'sha1' | 'sha256';

/** Creates an empty bare repository: no template, so no hooks and no sample files. `settings` are written into its `config`. */
export async function createBare(
  git: Git,
  directory: string,
  objectFormat: ObjectFormat,
  settings: readonly GitSetting[],
  run: Run,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const doing = `create the repository ${directory}`;
  await git.run(
    {
      doing,
      args: ['init', '--quiet', '--bare', '--template=', `--object-format=${objectFormat}`, directory],
      variables: { GIT_DIR: directory },
    },
    run,
  );
  for (const [key, value] of settings)
    await git.run({ repository: directory, doing, args: ['config', key, value] }, run);
}

/** Is there a repository (finished: `HEAD` is what `git init` writes, before `config`'s last change)? */
export async function isRepository(directory: string): Promise<boolean> {
  const config = await stat(join(directory, 'config')).catch(() => undefined);
  const head = await stat(join(directory, 'HEAD')).catch(() => undefined);
  return config?.isFile() === true && head?.isFile() === true;
}

export async function objectFormatOf(git: Git, repository: string, run: Run): Promise<ObjectFormat> {
  const { text } = await git.run(
    { repository, doing: `read ${repository}`, args: ['rev-parse', '--show-object-format'] },
    run,
  );
  return text.trim() === 'sha256' ? 'sha256' : 'sha1';
}

/** Throws `TARGET_CONFLICT` when the repository has ids of the other length. */
export async function requireObjectFormat(
  git: Git,
  repository: string,
  wanted: ObjectFormat,
  run: Run,
): Promise<void> {
  const actual = await objectFormatOf(git, repository, run);
  if (actual === wanted) return;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    origin: 'target',
    message: `${repository} has ${actual} object ids, the release has ${wanted}`,
    hint: 'take another name for one of them',
  });
}
