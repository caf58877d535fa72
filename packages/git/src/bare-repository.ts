import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GapferryError, type Run } from '@gapferry/core';
import type { GitSetting } from './git-environment.ts';
import type { Git } from './git-tool.ts';

export type ObjectFormat = 'sha1' | 'sha256';

/** Creates an empty bare repository: no template, so no hooks and no sample files. `settings` are written into its `config`. It appears under its name in one rename, complete;
 *  what is there already must be an empty directory. */
export async function createBare(
  git: Git,
  directory: string,
  objectFormat: ObjectFormat,
  settings: readonly GitSetting[],
  run: Run,
): Promise<void> {
  const doing = `create the repository ${directory}`;
  const unfinished = `${directory}.${randomUUID()}.tmp`;
  await mkdir(dirname(directory), { recursive: true });
  try {
    const args = ['init', '--quiet', '--bare', '--template=', `--object-format=${objectFormat}`, unfinished];
    await git.run({ doing, args, variables: { GIT_DIR: unfinished } }, run);
    for (const [key, value] of settings)
      await git.run({ repository: unfinished, doing, args: ['config', key, value] }, run);
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Lets a repository use the objects of another as if they were its own. */
export async function borrowObjects(repository: string, lender: string): Promise<void> {
  await mkdir(join(repository, 'objects', 'info'), { recursive: true });
  await writeFile(alternatesOf(repository), `${join(lender, 'objects')}\n`);
}

export async function returnObjects(repository: string): Promise<void> {
  await rm(alternatesOf(repository), { force: true });
}

function alternatesOf(repository: string): string {
  return join(repository, 'objects', 'info', 'alternates');
}

/** Is there a bare repository of that name? */
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
