import { GapferryError, type GitPin, type Run, type Submodules } from '@gapferry/core';
import { isRepository } from '../bare-repository.ts';
import { type GitMirror, heldIds } from '../git-mirror.ts';
import { type RemoteOptions, remoteSurroundings } from '../git-remote.ts';
import type { Git } from '../git-tool.ts';
import type { LfsSourceOptions } from '../lfs/lfs-source.ts';
import { listFiles, lookFromAfar } from '../look-from-afar.ts';
import { keepWithout, knownWithout } from '../looked-at.ts';
import { unreachedCommits } from '../reached-commits.ts';
import { readSubmodules } from './read-submodules.ts';

export type SubmoduleSourceOptions = RemoteOptions & Pick<LfsSourceOptions, 'workDirectory' | 'bringsAtOnce'>;

/** A pinned repository whose submodules are looked for. Nobody else works in the mirror meanwhile. */
export interface SubmoduleTask {
  readonly pin: GitPin;
  readonly mirror: GitMirror;
  /** Brings everything that the pin reaches into the mirror. */
  readonly bring: () => Promise<void>;
  /** Commits that are known to have no submodules; more of them are added. */
  readonly plain: Set<string>;
}

/** As `SubmoduleReader` of core says. */
export async function submodulesOf(
  git: Git,
  options: SubmoduleSourceOptions,
  task: SubmoduleTask,
  run: Run,
  commits?: readonly string[],
): Promise<Submodules> {
  return commits === undefined
    ? await submodulesOfTips(git, options, task, run)
    : await submodulesOfCommits(git, task, commits, run);
}

async function submodulesOfTips(
  git: Git,
  options: SubmoduleSourceOptions,
  task: SubmoduleTask,
  run: Run,
): Promise<Submodules> {
  const { pin, mirror, bring, plain } = task;
  const tips = [...new Set(pin.refs.map(({ oid }) => oid))];
  if (await arePlain(git, options, task, tips, run)) return NONE;
  await bring();
  const known = (await knownWithout(mirror, 'submodules')).union(plain);
  const wanted = tips.filter((oid) => !known.has(oid));
  if (wanted.length === 0) return NONE;
  const { references, problems, plain: more } = await readSubmodules(git, mirror, pin, wanted, run);
  for (const oid of more) plain.add(oid);
  await keepWithout(mirror, 'submodules', new Set(tips).intersection(known.union(plain)));
  return { references, problems, unreached: [] };
}

const NONE: Submodules = { references: [], problems: [], unreached: [] };

async function submodulesOfCommits(
  git: Git,
  task: SubmoduleTask,
  commits: readonly string[],
  run: Run,
): Promise<Submodules> {
  const { pin, mirror, bring } = task;
  await bring();
  const unreached = await unreachedOf(git, task, commits, run);
  const wanted = [...new Set(commits).difference(unreached)];
  const { references, problems } = await readSubmodules(git, mirror, pin, wanted, run);
  return { references, problems, unreached: [...unreached] };
}

/** What is not an id of a commit is not reached either. */
async function unreachedOf(
  git: Git,
  { pin, mirror }: SubmoduleTask,
  commits: readonly string[],
  run: Run,
): Promise<ReadonlySet<string>> {
  const length = pin.objectFormat === 'sha1' ? 40 : 64;
  const odd = commits.filter((oid) => oid.length !== length || !/^[0-9a-f]+$/.test(oid));
  const ids = [...new Set(commits).difference(new Set(odd))];
  return new Set([...odd, ...(await unreachedCommits(git, mirror, pin, ids, run))]);
}

/** Nobody needs the whole repository to see that there is no `.gitmodules`. */
async function arePlain(
  git: Git,
  options: SubmoduleSourceOptions,
  { pin, mirror, plain }: SubmoduleTask,
  tips: readonly string[],
  run: Run,
): Promise<boolean> {
  const unknown = tips.filter((oid) => !plain.has(oid));
  if (unknown.length === 0) return true;
  if (options.bringsAtOnce === true) return false;
  const held = (await isRepository(mirror.directory)) ? await heldIds(mirror) : new Set<string>();
  if (unknown.every((oid) => held.has(oid))) return false;
  const remote = await remoteSurroundings(pin.url, options, options.workDirectory);
  const looking = { git, pin, remote, workDirectory: options.workDirectory };
  const files = await lookFromAfar(
    looking,
    unknown,
    (there) => listFiles(there, unknown, [':(top,literal).gitmodules'], run),
    run,
  );
  if (files === undefined || files.length > 0) return false;
  for (const oid of unknown) plain.add(oid);
  return true;
}

/** Throws `SOURCE_NOT_FOUND` for a commit that no pinned ref reaches. */
export async function requireReached(
  git: Git,
  task: SubmoduleTask,
  commits: readonly string[],
  run: Run,
): Promise<void> {
  const [first] = await unreachedOf(git, task, commits, run);
  const { id, url } = task.pin;
  if (first === undefined) return;
  throw new GapferryError({
    code: 'SOURCE_NOT_FOUND',
    origin: 'source',
    message: `git ${id} (${url}): the commit ${first.slice(0, 64)} is reached by none of its pinned refs`,
    hint: 'run "gapferry resolve" again; have a branch or tag lead to the commit upstream',
    data: { revision: first },
  });
}
