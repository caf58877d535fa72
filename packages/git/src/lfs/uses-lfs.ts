import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GitPin, isGapferryError, isInterruption, type Run } from '@gapferry/core';
import { createBare, isRepository } from '../bare-repository.ts';
import { type GitMirror, heldIds } from '../git-mirror.ts';
import type { RemoteSurroundings } from '../git-remote.ts';
import type { Git } from '../git-tool.ts';

interface Looking {
  readonly git: Git;
  readonly mirror: GitMirror;
  readonly pin: GitPin;
  readonly remote: RemoteSurroundings;
  /** Where what is only looked at lies meanwhile. */
  readonly workDirectory: string;
}

/** More files of attributes than this are not looked at one by one. */
const MOST_FILES = 1000;
const MEBIBYTE = 1_048_576;

/** May the commits that the pin's refs name have files that Git LFS keeps? True where a `.gitattributes` in them, on whatever level, says `filter=lfs`, and where it cannot be found out so.
 *  What the mirror lacks is asked for without history and, where the server can leave them out, without files. */
export async function usesLfs(looking: Looking, run: Run): Promise<boolean> {
  const { git, mirror, pin, workDirectory } = looking;
  const wanted = [...new Set(pin.refs.map(({ oid }) => oid))];
  const held = (await isRepository(mirror.directory)) ? await heldIds(mirror) : new Set<string>();
  const without = held.size === 0 ? new Set<string>() : await withoutLfs(mirror);
  const here = wanted.filter((oid) => held.has(oid) && !without.has(oid));
  if (here.length > 0) {
    if (await attributesSayLfs({ ...looking, directory: mirror.directory }, here, run)) return true;
    await keepWithoutLfs(mirror, new Set(wanted).intersection(without.union(new Set(here))));
  }
  const missing = wanted.filter((oid) => !held.has(oid));
  if (missing.length === 0) return false;
  const directory = join(workDirectory, 'looks', `${randomUUID()}.git`);
  const there = { ...looking, remote: leavingOut(looking), directory };
  try {
    await createBare(git, directory, pin.objectFormat, [], run);
    await fetchTrees(there, missing, run);
    return await attributesSayLfs(there, missing, run);
  } catch (error) {
    if (isInterruption(error) || !isGapferryError(error)) throw error;
    // The whole repository is asked for then, and says itself what is wrong.
    return true;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Of a repository on this machine we are the server as well, and let ourselves leave files out; of another one its own settings decide. */
function leavingOut({ pin, remote }: Looking): RemoteSurroundings {
  if (remote.protocol !== 'file') return remote;
  const server = 'git -c uploadpack.allowFilter=true -c uploadpack.allowAnySHA1InWant=true upload-pack';
  return { ...remote, settings: [...remote.settings, [`remote.${pin.url}.uploadpack`, server]] };
}

/** Ids of the last look that led to nothing of Git LFS: what they lead to never changes, and looking takes a while where there are many. */
async function withoutLfs({ directory }: GitMirror): Promise<ReadonlySet<string>> {
  const text = await readFile(join(directory, WITHOUT), 'utf8').catch(() => '');
  return new Set(text.split('\n'));
}

async function keepWithoutLfs({ directory }: GitMirror, oids: ReadonlySet<string>): Promise<void> {
  const path = join(directory, WITHOUT);
  await writeFile(`${path}.new`, [...oids].join('\n'));
  await rename(`${path}.new`, path);
}

const WITHOUT = 'gapferry-without-lfs';

/** What a killed run left. */
export async function removeLooks(workDirectory: string): Promise<void> {
  await rm(join(workDirectory, 'looks'), { recursive: true, force: true });
}

async function fetchTrees(
  { git, directory, pin, remote }: Looking & { readonly directory: string },
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

/** git knows the empty tree without having it. */
const EMPTY_TREE = {
  sha1: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
  sha256: '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321',
} as const;

/** A file of attributes that was left out comes when it is read. */
async function attributesSayLfs(
  { git, pin, remote, directory }: Looking & { readonly directory: string },
  oids: readonly string[],
  run: Run,
): Promise<boolean> {
  const repository = directory;
  const doing = `look for attributes in ${pin.url}`;
  const peeling = ['cat-file', '--batch-check=%(objectname) %(objecttype)'];
  const peeled = await git.run(
    { repository, doing, args: peeling, input: oids.map((oid) => `${oid}^{tree}\n`).join('') },
    run,
    64 * MEBIBYTE,
  );
  const trees = new Set([...peeled.text.matchAll(/^([0-9a-f]+) tree$/gm)].map(([, tree]) => tree));
  const pairs = [...trees].map((tree) => `${EMPTY_TREE[pin.objectFormat]} ${tree}\n`).join('');
  const listing = ['diff-tree', '--stdin', '-r', '--raw', '--no-abbrev', '--', ':(glob)**/.gitattributes'];
  const listed = await git.run({ repository, doing, args: listing, input: pairs }, run, 64 * MEBIBYTE);
  const blobs = new Set(
    [...listed.text.matchAll(/^:\d+ 100\d+ [0-9a-f]+ ([0-9a-f]+) /gm)].map(([, oid]) => oid),
  );
  if (blobs.size === 0 || blobs.size > MOST_FILES) return blobs.size > 0;
  const input = [...blobs].map((oid) => `${oid}\n`).join('');
  const reading = { ...remote, repository, doing, args: ['cat-file', '--batch'], input };
  return /filter=lfs/.test((await git.run(reading, run, 16 * MEBIBYTE)).text);
}
