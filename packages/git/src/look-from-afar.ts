import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type GitPin, isGapferryError, isInterruption, type Run } from '@gapferry/core';
import { createBare } from './bare-repository.ts';
import type { RemoteSurroundings } from './git-remote.ts';
import type { Git } from './git-tool.ts';
import { EMPTY_TREE } from './submodules/gitlinks.ts';

export interface AfarLooking {
  readonly git: Git;
  readonly pin: GitPin;
  readonly remote: RemoteSurroundings;
  /** Where what is only looked at lies meanwhile. */
  readonly workDirectory: string;
}

/** A repository that is looked into. What it lacks comes from the remote. */
export interface LookedAt extends AfarLooking {
  readonly directory: string;
}

const MEBIBYTE = 1_048_576;

/** Answers a question about commits that are not here: they are asked for without history and, where the server can leave them out, without files. Undefined where that cannot be done: the whole repository
 *  is asked for then, and says itself what is wrong. Throws when interrupted. */
export async function lookFromAfar<T>(
  looking: AfarLooking,
  oids: readonly string[],
  question: (there: LookedAt) => Promise<T>,
  run: Run,
): Promise<T | undefined> {
  const { git, pin, workDirectory } = looking;
  const directory = join(workDirectory, 'looks', `${randomUUID()}.git`);
  const there = { ...looking, remote: leavingOut(looking), directory };
  try {
    await createBare(git, directory, pin.objectFormat, [], run);
    await fetchTrees(there, oids, run);
    return await question(there);
  } catch (error) {
    if (isInterruption(error) || !isGapferryError(error)) throw error;
    return undefined;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What a killed run left. */
export async function removeLooks(workDirectory: string): Promise<void> {
  await rm(join(workDirectory, 'looks'), { recursive: true, force: true });
}

/** Files of the trees that commits lead to, as `git diff-tree --raw` tells them, a line each; by a pathspec of git. No file is read for it. */
export async function listFiles(
  { git, pin, directory: repository }: LookedAt,
  oids: readonly string[],
  pathspecs: readonly string[],
  run: Run,
): Promise<readonly string[]> {
  const doing = `look into ${pin.url}`;
  const peeling = ['cat-file', '--batch-check=%(objectname) %(objecttype)'];
  const peeled = await git.run(
    { repository, doing, args: peeling, input: oids.map((oid) => `${oid}^{tree}\n`).join('') },
    run,
    64 * MEBIBYTE,
  );
  const trees = new Set([...peeled.text.matchAll(/^([0-9a-f]+) tree$/gm)].map(([, tree]) => tree));
  const pairs = [...trees].map((tree) => `${EMPTY_TREE[pin.objectFormat]} ${tree}\n`).join('');
  const listing = ['diff-tree', '--stdin', '-r', '--raw', '--no-abbrev', '--', ...pathspecs];
  const listed = await git.run({ repository, doing, args: listing, input: pairs }, run, 64 * MEBIBYTE);
  return listed.text.split('\n').filter((line) => line.startsWith(':'));
}

/** Of a repository on this machine we are the server as well, and let ourselves leave files out; of another one its own settings decide. */
function leavingOut({ pin, remote }: AfarLooking): RemoteSurroundings {
  if (remote.protocol !== 'file') return remote;
  const server = 'git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack';
  return { ...remote, settings: [...remote.settings, [`remote.${pin.url}.uploadpack`, server]] };
}

async function fetchTrees(
  { git, directory, pin, remote }: LookedAt,
  oids: readonly string[],
  run: Run,
): Promise<void> {
  const args = [
    'fetch',
    '--depth=1',
    '--filter=blob:none',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--refmap=',
    '--quiet',
    '--stdin',
    '--',
    pin.url,
  ];
  const input = oids.map((oid) => `+${oid}:refs/gapferry/${oid}\n`).join('');
  await git.run({ ...remote, repository: directory, doing: `look into ${pin.url}`, args, input }, run);
}
