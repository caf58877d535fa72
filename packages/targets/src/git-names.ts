import {
  GapferryError,
  type GitRef,
  type GitRefs,
  type LoadOutcome,
  type NameState,
  type Presence,
  type Run,
} from '@gapferry/core';
import { repositoryDirectory } from './embedded-tree.ts';
import type { GitRepositories, GitState } from './git-repositories.ts';
import { isSame, requireReplaceable, toPresence } from './name-state.ts';

export interface GitPlaces {
  readonly target: string;
  /** Root of the embedded depot. */
  readonly tree: string;
  readonly repositories: GitRepositories;
}

/** Refs decide, and HEAD where the load names one: a repository whose HEAD points elsewhere is different. */
export async function inspectRefs(places: GitPlaces, load: GitRefs, run: Run): Promise<Presence> {
  const state = await places.repositories.readRefs(directoryOf(places, load), run);
  const there = stateOf(state, load);
  const presence = toPresence(there, wantedOf(load));
  if (presence.state === 'same' && !(isHead(state, load) && isCut(state, load)))
    return { state: 'different', there, missingBytes: 0 };
  return presence;
}

/** Sets the refs of many repositories, each repository at once, after every one of them was judged. */
export async function loadRefs(
  places: GitPlaces,
  loads: readonly GitRefs[],
  run: Run,
): Promise<LoadOutcome[]> {
  for (const load of loads) {
    const state = await places.repositories.readRefs(directoryOf(places, load), run);
    requireReplaceable(load, stateOf(state, load), wantedOf(load), places.target);
  }
  const outcomes: LoadOutcome[] = [];
  for (const load of loads) outcomes.push(await loadRepository(places, load, run));
  return outcomes;
}

/** What is there is read again: the refs are set only from exactly what was judged. */
async function loadRepository(places: GitPlaces, load: GitRefs, run: Run): Promise<LoadOutcome> {
  const directory = directoryOf(places, load);
  const state = await places.repositories.readRefs(directory, run);
  const there = stateOf(state, load);
  const wanted = wantedOf(load);
  requireReplaceable(load, there, wanted, places.target);
  if (isSame(there, wanted) && isHead(state, load) && isCut(state, load)) return { state: 'same', bytes: 0 };
  if (!(await places.repositories.holds(directory, load, run))) throw incomplete(load);
  const refs = load.refs.filter(({ name, oid }) => there[name] !== oid);
  const expected = Object.entries(there).map(([name, oid]) => ({ name, oid }));
  const update = {
    refs,
    expected,
    ...(load.head !== undefined && { head: load.head }),
    ...(load.shallow !== undefined && { shallow: load.shallow }),
  };
  await places.repositories.updateRefs(directory, update, run);
  return { state: 'loaded', bytes: 0 };
}

function directoryOf(places: GitPlaces, load: GitRefs): string {
  return repositoryDirectory(places.tree, load.repository);
}

function isHead(state: GitState, load: GitRefs): boolean {
  return load.head === undefined || state.head === load.head;
}

/** Refs that the load does not name may need cuts of their own. */
function isCut({ refs, shallow = [] }: GitState, load: GitRefs): boolean {
  const [there, wanted] = [new Set(shallow), new Set(load.shallow)];
  if (!wanted.isSubsetOf(there)) return false;
  return there.size === wanted.size || refs.length > load.refs.length;
}

function stateOf(state: GitState, load: GitRefs): NameState {
  const named = new Set(load.refs.map(({ name }) => name));
  return toNameState(state.refs.filter(({ name }) => named.has(name)));
}

function wantedOf(load: GitRefs): NameState {
  return toNameState(load.refs);
}

function toNameState(refs: readonly GitRef[]): NameState {
  return Object.fromEntries(refs.map(({ name, oid }) => [name, oid]));
}

function incomplete(load: GitRefs): GapferryError {
  return new GapferryError({
    code: 'BLOB_MISSING',
    message: `the refs of ${load.item} cannot be set yet: objects they need are not at the target`,
    hint: 'content is loaded before names; run the import again',
    origin: 'target',
    data: { item: load.item },
  });
}
