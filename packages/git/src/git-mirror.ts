import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, GapferryError, type GitPin, hexOf, isGapferryError, type Run } from '@gapferry/core';
import { createBare, isRepository } from './bare-repository.ts';
import { CHECKED_FETCH } from './fsck-severity.ts';
import type { GitSetting } from './git-environment.ts';
import type { RemoteSurroundings } from './git-remote.ts';
import type { Git } from './git-tool.ts';
import { tellPacks } from './packing/tell-packs.ts';

/** A bare repository with what was fetched from one URL, so that the next collect asks only for what is new. It is a cache: when anything is wrong with it, it is made again.
 *  Every object is checked on its way in, as `fsck` does. Its refs are `refs/gapferry/<object id>`: what was pinned once stays, upstream's renamed branches cannot collide, and the ids are what negotiation offers. */
export interface GitMirror {
  readonly directory: string;
}

/** What power takes from a cache is fetched again: nothing waits for the disk. */
const CACHE: readonly GitSetting[] = [['core.fsync', 'none']];

/** One mirror per URL and object format. The name says that what is in it was checked when it was fetched. A history that is cut has a mirror of its own: where it is cut, is the mirror's affair as a whole. */
export function mirrorOf(workDirectory: string, pin: GitPin): GitMirror {
  const cut = pin.depth === undefined ? '' : ` ${pin.id} cut at ${pin.depth}`;
  const name = hexOf(digestOf(`checked ${pin.objectFormat} ${pin.url}${cut}`)).slice(0, 32);
  return { directory: join(workDirectory, 'mirrors', `${name}.git`) };
}

export interface Fetching {
  readonly pin: GitPin;
  readonly remote: RemoteSurroundings;
  /** Told, where the system tells it, when a pack has arrived and was checked object by object; git then still follows the history, which takes as long as following it once more.
   *  `isFirst`: the mirror had nothing before. */
  readonly onPack?: (path: string, isFirst: boolean) => void;
}

/** Brings everything that the pinned ids reach into the mirror; asks the remote only when an id is missing. Not to be called twice at once for one mirror.
 *  Throws `SOURCE_NOT_FOUND` when upstream no longer gives one of the ids. */
export async function fetchIntoMirror(
  git: Git,
  mirror: GitMirror,
  fetching: Fetching,
  run: Run,
): Promise<void> {
  const { pin } = fetching;
  try {
    await fetchMissing(git, mirror, fetching, run);
  } catch (error) {
    // Only git's own, unexplained failures can come from a broken cache (a killed run's lock, a damaged pack).
    if (!isGapferryError(error, 'GIT_FAILED')) throw error;
    run.emit({
      kind: 'warning',
      item: pin.id,
      message: `the mirror of ${pin.url} is made again: ${error.message}`,
    });
    await discardMirror(mirror);
    await fetchMissing(git, mirror, fetching, run);
  }
}

/** Paths of a mirror's packs; undefined when it has loose objects besides. */
export async function packsOf({ directory }: GitMirror): Promise<readonly string[] | undefined> {
  const objects = join(directory, 'objects');
  if ((await readdir(objects)).some((name) => /^[0-9a-f]{2}$/.test(name))) return undefined;
  const names = await readdir(join(objects, 'pack'));
  return names.filter((name) => name.endsWith('.pack')).map((name) => join(objects, 'pack', name));
}

/** Gives a mirror one pack with all that the pin reaches in place of those it has, and only the pin's ids: what else it had would be fetched again. The index lies beside the pack.
 *  Killed in the middle it has both. Returns where the pack lies now. */
export async function compactMirror(
  { directory }: GitMirror,
  { refs }: GitPin,
  pack: { readonly path: string; readonly index: string; readonly checksum: string },
): Promise<string> {
  const before = (await packsOf({ directory })) ?? [];
  const stem = join(directory, 'objects', 'pack', `pack-${pack.checksum}`);
  await rename(pack.path, `${stem}.pack`);
  await rename(pack.index, `${stem}.idx`);
  await writeIds({ directory }, new Set(refs.map(({ oid }) => oid)));
  for (const path of before)
    if (path !== `${stem}.pack`)
      for (const ending of ['pack', 'idx', 'rev']) await rm(path.replace(/pack$/, ending), { force: true });
  return `${stem}.pack`;
}

export async function discardMirror(mirror: GitMirror): Promise<void> {
  await rm(mirror.directory, { recursive: true, force: true });
}

async function fetchMissing(git: Git, mirror: GitMirror, fetching: Fetching, run: Run): Promise<void> {
  const { pin, remote } = fetching;
  if (!(await isRepository(mirror.directory))) {
    await discardMirror(mirror);
    await createBare(git, mirror.directory, pin.objectFormat, [], run);
  }
  await removeUnfinishedPacks(mirror);
  const wanted = new Set(pin.refs.map(({ oid }) => oid));
  const held = await heldIds(mirror);
  const missing = wanted.difference(held);
  if (missing.size === 0 && (pin.depth === undefined || held.size === wanted.size)) return;
  if (pin.depth !== undefined && held.size > 0) {
    // The cuts of other ids would be among those of the pin.
    await discardMirror(mirror);
    return await fetchMissing(git, mirror, fetching, run);
  }
  const args = [
    'fetch',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--refmap=',
    '--progress',
    ...(pin.depth === undefined ? [] : [`--depth=${pin.depth}`]),
    '--stdin',
    '--',
    pin.url,
  ];
  // Without names: git would write a hundred thousand files for as many refs, one after the other.
  const input = [...missing].map((oid) => `${oid}\n`).join('');
  const settings = [...remote.settings, ...CHECKED_FETCH, ...CACHE];
  const told = tellPacks(join(mirror.directory, 'objects', 'pack'), (path) =>
    fetching.onPack?.(path, held.size === 0),
  );
  const command = {
    ...remote,
    settings,
    repository: mirror.directory,
    doing: `fetch ${pin.url}`,
    args,
    input,
  };
  const { complaint } = await git.run(command, run).finally(() => told.close());
  // Only a warning to git.
  if (/shallow roots are not allowed/.test(complaint)) throw cutUpstream(pin);
  await requireIds(git, mirror, pin, missing, run);
  await writeIds(mirror, held.union(missing));
}

/** What a killed run left half-written; nobody else works in the mirror now. */
async function removeUnfinishedPacks(mirror: GitMirror): Promise<void> {
  const packs = join(mirror.directory, 'objects', 'pack');
  for (const name of await readdir(packs))
    if (name.startsWith('tmp_')) await rm(join(packs, name), { force: true });
}

/** Ids that were fetched with everything that they reach. */
export async function heldIds({ directory }: GitMirror): Promise<Set<string>> {
  const text = await readFile(join(directory, 'packed-refs'), 'latin1').catch(() => '');
  return new Set([...text.matchAll(/^[0-9a-f]+ refs\/gapferry\/([0-9a-f]+)$/gm)].map(([, oid = '']) => oid));
}

function cutUpstream({ url }: GitPin): GapferryError {
  return new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `the history of ${url} is cut upstream`,
    hint: 'the repository was cloned with a cut history; complete it there with `git fetch --unshallow`, or say "depth"',
  });
}

/** As `packed-refs`, in one rename: what git finds at the next start is all of them or those of before. */
async function writeIds({ directory }: GitMirror, ids: ReadonlySet<string>): Promise<void> {
  const lines = [...ids].sort().map((oid) => `${oid} refs/gapferry/${oid}\n`);
  const path = join(directory, 'packed-refs');
  await writeFile(`${path}.new`, `# pack-refs with: sorted \n${lines.join('')}`);
  await rename(`${path}.new`, path);
}

/** The server named what it sends; what arrived is asked for by id, so this only guards against a git that does not do what it says. */
async function requireIds(
  git: Git,
  { directory }: GitMirror,
  pin: GitPin,
  wanted: ReadonlySet<string>,
  run: Run,
): Promise<void> {
  const command = {
    repository: directory,
    doing: `look for what ${pin.url} sent`,
    args: ['cat-file', '--batch-check=%(objectname)', '--buffer'],
    input: [...wanted].map((oid) => `${oid}\n`).join(''),
  };
  const { text } = await git.run(command, run, 134_217_728);
  const lost = text.split('\n').find((line) => line !== '' && !wanted.has(line));
  if (lost === undefined) return;
  throw new GapferryError({
    code: 'CONTENT_INVALID',
    origin: 'source',
    message: `${pin.url} served something else than ${lost.split(' ')[0]}`,
    hint: 'resolve again',
  });
}
