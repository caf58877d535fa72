import {
  type GitRef,
  inLanes,
  isGapferryError,
  type PruneOutcome,
  type PruneRefs,
  type PruneRequest,
  type PruneStep,
  printable,
  type Run,
} from '@gapferry/core';
import { BACKUP, incomingPrefix } from './backup-names.ts';
import type { GitHostPlace } from './git-host-place.ts';

/** Repositories asked about at a time. */
const CONNECTIONS = 8;

/** Refs of ours beside branches and tags that stand where imports put them, folder by folder: `<url> refs/gapferry/backup/17/`. One that stands elsewhere is told with `stays`. */
export async function prunableRefs(
  place: GitHostPlace,
  request: PruneRequest,
  run: Run,
): Promise<readonly PruneStep[]> {
  if (request.refs.length === 0) return [];
  await place.host.begin(run);
  const repositories = Map.groupBy(request.refs, ({ repository }) => repository);
  const look = ([repository, refs]: [string, readonly PruneRefs[]], inner: Run): Promise<PruneStep[]> =>
    lookInto(place, repository, refs, inner);
  return (await inLanes([...repositories], CONNECTIONS, look, run)).flat();
}

/** Deletes one folder at once, each ref only from where it was put. A host that refuses keeps it, in its words. */
export async function pruneRefs(
  place: GitHostPlace,
  step: PruneStep,
  request: PruneRequest,
  run: Run,
): Promise<PruneOutcome> {
  const refs = request.refs.filter(({ repository }) => step.place.startsWith(`${urlOf(place, repository)} `));
  const [first] = refs;
  if (first === undefined) return { state: 'gone' };
  const { repository } = first;
  place.memory.forget(repository);
  const { now } = await place.memory.look(repository, run);
  const { own } = judge(now?.refs ?? [], refs);
  const going = own.filter(({ name }) => placeOf(place, repository, folderOf(name)) === step.place);
  if (going.length === 0) return { state: 'gone' };
  try {
    await place.remotes.remove(urlOf(place, repository), going, run);
    return { state: 'removed' };
  } catch (error) {
    if (isGapferryError(error, 'FORBIDDEN') || isGapferryError(error, 'TARGET_CONFLICT'))
      return { state: 'stays', why: error.message };
    throw error;
  } finally {
    place.memory.forget(repository);
  }
}

async function lookInto(
  place: GitHostPlace,
  repository: string,
  refs: readonly PruneRefs[],
  run: Run,
): Promise<PruneStep[]> {
  const { hosted, now } = await place.memory.look(repository, run);
  const { own, moved } = judge(now?.refs ?? [], refs);
  const why =
    hosted?.closed ?? (hosted?.mayPush === false ? 'these credentials may not push there' : undefined);
  const stays = why === undefined ? {} : { stays: why };
  const folders = [...Map.groupBy(own, ({ name }) => folderOf(name))];
  return [
    ...folders.map(
      ([folder, { length }]): PruneStep => ({
        place: placeOf(place, repository, folder),
        what: 'refs',
        count: length,
        ...stays,
      }),
    ),
    ...moved.map(
      ({ name }): PruneStep => ({
        place: placeOf(place, repository, name),
        what: 'refs',
        count: 1,
        stays: 'somebody changed it since an import put it there',
      }),
    ),
  ];
}

/** Of what stands there what is ours, and backups that are not what was put there. */
function judge(
  there: readonly GitRef[],
  refs: readonly PruneRefs[],
): { readonly own: readonly GitRef[]; readonly moved: readonly GitRef[] } {
  const backups = new Map(refs.flatMap((one) => Object.entries(one.backups)));
  const prefixes = refs.flatMap(({ statements }) => statements.map(incomingPrefix));
  // What waits for names is called by its object.
  const waits = ({ name, oid }: GitRef): boolean => prefixes.some((prefix) => name === `${prefix}${oid}`);
  const kept = there.filter(({ name }) => name.startsWith(BACKUP) && backups.has(name));
  return {
    own: [...kept.filter(({ name, oid }) => backups.get(name) === oid), ...there.filter(waits)],
    moved: kept.filter(({ name, oid }) => backups.get(name) !== oid),
  };
}

/** `refs/gapferry/backup/17/`. */
function folderOf(name: string): string {
  return `${name.split('/').slice(0, 4).join('/')}/`;
}

function placeOf(place: GitHostPlace, repository: string, ref: string): string {
  return printable(`${urlOf(place, repository)} ${ref}`);
}

function urlOf({ host }: GitHostPlace, repository: string): string {
  return host.urlOf(host.pathOf(repository));
}
