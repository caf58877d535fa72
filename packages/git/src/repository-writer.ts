import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GapferryError, type GitPack, type GitRef, isGapferryError, type Run } from '@gapferry/core';
import { createBare, isRepository, type ObjectFormat, requireObjectFormat } from './bare-repository.ts';
import { readCuts, writeCuts } from './cuts.ts';
import type { GitSetting } from './git-environment.ts';
import type { Git } from './git-tool.ts';
import { writePackedRefs } from './packed-refs.ts';
import { readFileFrom } from './packing/pack-file.ts';
import { countCommits, type GitReach, proveComplete, type RepositoryRefs, readRefs } from './read-refs.ts';
import { requireRefs } from './ref-name.ts';
import { neededPacks } from './unpack-pack.ts';

export interface RefUpdate extends GitReach {
  /** The branch HEAD shall point to; HEAD stays as it is when left out. */
  readonly head?: string;
  /** What the plan saw there. When a ref is something else by now, nothing is changed. Left out: what is there at the call. */
  readonly expected?: readonly GitRef[];
}

/** What a place that keeps bare repositories needs from Git. Refs that an update does not name are left alone. */
export interface RepositoryWriter {
  /** Creates an empty bare repository unless there is one; throws `TARGET_CONFLICT` when that has the other object format. */
  create(repository: string, objectFormat: ObjectFormat, run: Run): Promise<void>;
  /** Brings the objects of a proved quarantine in, synced, visible to nobody. Returns the bytes of packs written; packs that are there already are left alone. */
  placeObjects(quarantine: string, repository: string, run: Run): Promise<{ readonly bytes: number }>;
  /** Is everything that the refs reach in the repository? False as well when there is none. Follows the history; does not hash it. */
  holds(repository: string, reach: GitReach, run: Run): Promise<boolean>;
  /** Which packs of a chain the repository has to be given, by what they build on: all of them when there is no repository. */
  neededPacks(repository: string, packs: readonly GitPack[], run: Run): Promise<readonly GitPack[]>;
  /** Throws `CONTENT_INVALID` unless everything the refs reach is in the repository and every pack still has the bytes it was written with. */
  readBack(repository: string, reach: GitReach, item: string, run: Run): Promise<void>;
  /** All refs or none, in one transaction; HEAD after them. Throws `TARGET_CONFLICT` when a ref is not what was expected. */
  updateRefs(repository: string, update: RefUpdate, run: Run): Promise<void>;
  /** No refs when there is no repository. */
  readRefs(repository: string, run: Run): Promise<RepositoryRefs>;
  /** How many commits `to` has that `from` has not. */
  countCommits(repository: string, from: string | undefined, to: string, run: Run): Promise<number>;
}

/** Everything is synced before git says that it is written; nothing is collected away between objects and refs; nobody pushes here. */
const SETTINGS: readonly GitSetting[] = [
  ['core.fsync', 'all'],
  ['core.hooksPath', '/dev/null'],
  ['core.logAllRefUpdates', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  ['http.receivepack', 'false'],
  ['receive.hideRefs', 'refs/'],
  ['receive.denyDeletes', 'true'],
  ['receive.denyNonFastForwards', 'true'],
  ['transfer.fsckObjects', 'true'],
];

const SYNCED: readonly GitSetting[] = [['core.fsync', 'all']];

export function repositoryWriter(git: Git): RepositoryWriter {
  return {
    create: async (repository, objectFormat, run) => {
      if (await isRepository(repository)) await requireObjectFormat(git, repository, objectFormat, run);
      else await createBare(git, repository, objectFormat, SETTINGS, run);
    },
    placeObjects: (quarantine, repository, run) => placeObjects(git, quarantine, repository, run),
    holds: (repository, reach, run) => holds(git, repository, reach, run),
    neededPacks: async (repository, packs, run) =>
      (await isRepository(repository)) ? await neededPacks(git, repository, packs, run) : packs,
    readBack: async (repository, reach, item, run) => {
      await verifyPacks(git, repository, item, run);
      await proveComplete(git, repository, reach, item, run);
    },
    updateRefs: (repository, update, run) => updateRefs(git, repository, update, run),
    readRefs: async (repository, run) =>
      (await isRepository(repository)) ? await readRefs(git, repository, run) : { refs: [] },
    countCommits: (repository, from, to, run) => countCommits(git, repository, from, to, run),
  };
}

async function holds(git: Git, repository: string, reach: GitReach, run: Run): Promise<boolean> {
  if (!(await isRepository(repository))) return false;
  try {
    await proveComplete(git, repository, reach, repository, run);
    return true;
  } catch (error) {
    if (isGapferryError(error, 'CONTENT_INVALID')) return false;
    throw error;
  }
}

/** Each pack is indexed again where it goes: git hashes every object anew, syncs, and renames it into place. */
async function placeObjects(
  git: Git,
  quarantine: string,
  repository: string,
  run: Run,
): Promise<{ bytes: number }> {
  const packs = join(quarantine, 'objects', 'pack');
  let bytes = 0;
  for (const name of (await readdir(packs)).filter((file) => file.endsWith('.pack')).sort()) {
    if (await isFile(join(repository, 'objects', 'pack', name.replace(/pack$/, 'idx')))) continue;
    const path = join(packs, name);
    await git.run(
      {
        repository,
        doing: `write ${name} into ${repository}`,
        args: ['index-pack', '--stdin'],
        input: readFileFrom(path, 0),
        settings: SYNCED,
      },
      run,
    );
    bytes += (await stat(path)).size;
  }
  return { bytes };
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

async function verifyPacks(git: Git, repository: string, item: string, run: Run): Promise<void> {
  const directory = join(repository, 'objects', 'pack');
  const indexes = (await readdir(directory))
    .filter((name) => name.endsWith('.idx'))
    .map((name) => join(directory, name));
  if (indexes.length === 0) return;
  try {
    await git.run(
      { repository, doing: `read ${item} back from ${repository}`, args: ['verify-pack', '--', ...indexes] },
      run,
    );
  } catch (error) {
    if (!isGapferryError(error, 'GIT_FAILED')) throw error;
    throw new GapferryError({
      code: 'CONTENT_INVALID',
      origin: 'target',
      message: `${item} was damaged on its way to ${repository}: ${error.message}`,
      hint: 'check the disk of the target, remove the repository there, and import again',
      cause: error,
    });
  }
}

/** Afterwards all refs are packed, so that names that differ only in case can live on a case-insensitive file system. */
async function updateRefs(
  git: Git,
  repository: string,
  { refs, head, expected, shallow = [] }: RefUpdate,
  run: Run,
): Promise<void> {
  requireRefs(refs, refs[0]?.oid.length === 64 ? 'sha256' : 'sha1', `the update of ${repository}`);
  const there = new Map(
    (expected ?? (await readRefs(git, repository, run)).refs).map(({ name, oid }) => [name, oid]),
  );
  const doing = `update the refs of ${repository}`;
  const changed = refs.filter(({ name, oid }) => expected !== undefined || there.get(name) !== oid);
  const input = changed
    .map(({ name, oid }) => `update ${name}\0${oid}\0${there.get(name) ?? '0'.repeat(oid.length)}\0`)
    .join('');
  const before = await readCuts(repository);
  await writeCuts(repository, [...new Set([...before, ...shallow])].sort());
  try {
    const isDone = changed.length > MANY && (await setMany(git, repository, changed, there, run));
    if (changed.length > 0 && !isDone)
      await git.run(
        { repository, doing, args: ['update-ref', '-z', '--stdin'], input, settings: SYNCED },
        run,
      );
  } catch (error) {
    await writeCuts(repository, before);
    throw isGapferryError(error, 'GIT_FAILED') ? conflict(repository, error) : error;
  }
  if (before.length > 0) await healCuts(git, repository, shallow, run);
  if (head !== undefined) await git.run({ repository, doing, args: ['symbolic-ref', 'HEAD', head] }, run);
  await git.run({ repository, doing, args: ['pack-refs', '--all'], settings: SYNCED }, run);
}

/** Refs that are set one by one; each is a file that is synced. */
const MANY = 1000;

/** What git would judge: nothing else is there than was expected, each object is there, and branches are commits. False: let git try, and say why not. */
async function setMany(
  git: Git,
  repository: string,
  refs: readonly GitRef[],
  expected: ReadonlyMap<string, string>,
  run: Run,
): Promise<boolean> {
  const command = {
    repository,
    doing: `look for what the refs of ${repository} name`,
    args: ['cat-file', '--batch-check=%(objectname) %(objecttype)', '--buffer'],
    input: refs.map(({ oid }) => `${oid}\n`).join(''),
  };
  const lines = (await git.run(command, run, 134_217_728)).text.split('\n');
  const isSound = refs.every(({ name, oid }, at) => {
    const [found, type] = (lines[at] ?? '').split(' ');
    return found === oid && (name.startsWith('refs/heads/') ? type === 'commit' : type !== 'missing');
  });
  return (
    isSound &&
    (await writePackedRefs(repository, refs, async () => {
      const now = new Map((await readRefs(git, repository, run)).refs.map(({ name, oid }) => [name, oid]));
      return refs.every(({ name }) => now.get(name) === expected.get(name));
    }))
  );
}

/** Cuts of before are no cuts any more when everything is there without them. */
async function healCuts(git: Git, repository: string, shallow: readonly string[], run: Run): Promise<void> {
  const { refs } = await readRefs(git, repository, run);
  if (await holds(git, repository, { refs, shallow }, run)) await writeCuts(repository, shallow);
}

function conflict(repository: string, cause: GapferryError): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    origin: 'target',
    message: `the refs of ${repository} are not what the plan saw; none was changed: ${cause.message}`,
    hint: 'plan again',
    cause,
  });
}
