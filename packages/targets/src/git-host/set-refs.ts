import {
  type BlobReader,
  GapferryError,
  type GitRefs,
  type LoadOutcome,
  type NameState,
  printable,
  type RefChange,
  type Run,
} from '@gapferry/core';
import { isSame, requireReplaceable } from '../name-state.ts';
import { INCOMING } from './backup-names.ts';
import type { Protection } from './git-host.ts';
import { distinctIds, type GitHostPlace, type StagedRepository } from './git-host-place.ts';
import type { RefPush, RemoteState } from './git-remotes.ts';
import { isHead, judge, stateOf, wantedOf } from './inspect-repository.ts';
import { describeAnew } from './provenance.ts';
import type { RepositoryLook } from './repository-memory.ts';

/** Sets the refs of one repository: judged again, pushed at once with a lease on each, with rules of the host lifted where the policy says so, read back and compared.
 *  Throws `TARGET_CONFLICT` for a ref that is not what the plan saw and for what policy or host refuse, `BLOB_MISSING` when the objects are not known. */
export async function setRefs(
  place: GitHostPlace,
  load: GitRefs,
  from: BlobReader,
  run: Run,
): Promise<LoadOutcome> {
  const { memory, target } = place;
  memory.forget(load.repository);
  const look = await memory.look(load.repository, run);
  const { now } = look;
  if (now === undefined) throw incomplete(load);
  const there = stateOf(now, load);
  requireReplaceable(load, there, wantedOf(load), target);
  const pruned = prunedNow(load, now, target);
  if (isSame(there, wantedOf(load)) && pruned.length === 0) return await setFacts(place, load, look, run);
  const stage = await memory.stage(load.repository, from, run);
  if (stage === undefined) throw incomplete(load);
  const bytes = memory.deferred.has(load.repository)
    ? await stage.size(distinctIds(load.refs), distinctIds(now.refs), run)
    : 0;
  await pushAll(place, { load, look, now, pruned, stage }, run);
  await requireAsWanted(place, load, pruned, run);
  await memory.discard(load.repository);
  return { state: 'loaded', bytes };
}

/** Where all refs stand: HEAD, and what is said of the repository. Nothing is pushed. */
async function setFacts(
  place: GitHostPlace,
  load: GitRefs,
  look: RepositoryLook,
  run: Run,
): Promise<LoadOutcome> {
  const { saysOther } = describedAnew(place, load, look);
  if (isHead(place, look, load) && !saysOther) return { state: 'same', bytes: 0 };
  await settle(place, { load, look }, run);
  place.memory.forget(load.repository);
  return { state: 'loaded', bytes: 0 };
}

interface Setting {
  readonly load: GitRefs;
  readonly look: RepositoryLook;
  readonly now: RemoteState;
  /** Refs that go. */
  readonly pruned: readonly string[];
  readonly stage: StagedRepository;
}

async function pushAll(place: GitHostPlace, setting: Setting, run: Run): Promise<void> {
  const { host, lifts } = place;
  const { load, now, stage } = setting;
  const path = host.pathOf(load.repository);
  const changes = await plannedChanges(place, setting, run);
  await keepHere(place, setting, changes, run);
  const protections = changes.some(({ lifts: rule }) => rule !== undefined)
    ? await host.protections(path, run)
    : [];
  const lifted = rulesLifted(changes, protections);
  const [first, then] = inOrder(load, now, changes);
  await lifts.during(path, lifted, () => stage.push(host.urlOf(path), first, run), run);
  await settle(place, setting, run);
  if (then.length > 0) await stage.push(host.urlOf(path), then, run);
}

/** What the plan showed, judged again: the host's rules may have changed since. */
async function plannedChanges(
  place: GitHostPlace,
  setting: Setting,
  run: Run,
): Promise<readonly RefChange[]> {
  const { load, now, stage, pruned } = setting;
  const { changes, prunable } = await judge(place, load, now, stage, run);
  const all = [...changes, ...prunable.filter(({ ref }) => pruned.includes(ref))];
  const refused = all.filter((change) => change.refused !== undefined);
  if (refused.length > 0) throw refusedBy(load, refused, place.target);
  return all;
}

/** What a backup ref is going to stand at must be here before it can be pushed under another name. */
async function keepHere(
  { host }: GitHostPlace,
  { load, stage }: Setting,
  changes: readonly RefChange[],
  run: Run,
): Promise<void> {
  const kept = changes.flatMap(({ ref, from, backup }) =>
    from === undefined || backup === undefined ? [] : [{ name: ref, oid: from }],
  );
  const known = await stage.known(
    kept.map(({ oid }) => oid),
    run,
  );
  const strange = kept.filter(({ oid }) => !known.has(oid));
  await stage.fetch(host.urlOf(host.pathOf(load.repository)), strange, run);
}

function rulesLifted(changes: readonly RefChange[], protections: readonly Protection[]): Protection[] {
  const names = new Set(changes.flatMap(({ lifts }) => lifts ?? []));
  return protections.filter(({ rule }) => names.has(rule));
}

/** One push for everything, unless a ref that goes is where HEAD stands: hosts do not delete that one, so it goes once HEAD is elsewhere. */
function inOrder(load: GitRefs, now: RemoteState, changes: readonly RefChange[]): [RefPush[], RefPush[]] {
  const wanted = new Map(load.refs.map(({ name, oid }) => [name, oid]));
  const set = changes.flatMap((change) => toPushes(change, wanted.get(change.ref)));
  const swept = now.refs.flatMap(({ name }) => (name.startsWith(INCOMING) ? [{ name }] : []));
  const gone = changes.flatMap(({ ref, how, from }) =>
    how === 'prune' && from !== undefined ? [{ name: ref, lease: { oid: from } }] : [],
  );
  const later = gone.filter(({ name }) => name === now.head);
  return [[...set, ...gone.filter((one) => !later.includes(one)), ...swept], later];
}

function toPushes({ ref, how, from, backup }: RefChange, oid: string | undefined): RefPush[] {
  const kept: RefPush[] = backup === undefined || from === undefined ? [] : [{ name: backup, oid: from }];
  if (how === 'prune' || oid === undefined) return kept;
  const isForward = how === 'create' || how === 'forward';
  return [{ name: ref, oid, lease: from === undefined ? {} : { oid: from }, isForward }, ...kept];
}

/** HEAD, where it comes from and what it is about; what somebody else wrote stays. */
async function settle(
  place: GitHostPlace,
  { load, look }: Pick<Setting, 'load' | 'look'>,
  run: Run,
): Promise<void> {
  const { host } = place;
  const wanted = {
    ...(load.head !== undefined && !isHead(place, look, load) && { head: load.head }),
    ...describedAnew(place, load, look).facts,
  };
  if (Object.keys(wanted).length > 0) await host.settle(host.pathOf(load.repository), wanted, run);
}

function describedAnew(
  { host, release }: GitHostPlace,
  { source, about = {}, aboutLeft: left = [] }: GitRefs,
  { hosted = {} }: RepositoryLook,
): ReturnType<typeof describeAnew> {
  return describeAnew(hosted, { source, release, about: host.takesOf?.(about) ?? {}, left });
}

/** Refs of the load that go and are still there. */
function prunedNow(load: GitRefs, { refs }: RemoteState, target: string): string[] {
  const there = new Map(refs.map(({ name, oid }) => [name, oid]));
  const planned: NameState = load.prunes ?? {};
  for (const [name, oid] of Object.entries(planned)) {
    const now = there.get(name);
    if (now !== undefined && now !== oid) throw moved(load, name, now, target);
  }
  return Object.keys(planned).filter((name) => there.has(name));
}

async function requireAsWanted(
  place: GitHostPlace,
  load: GitRefs,
  pruned: readonly string[],
  run: Run,
): Promise<void> {
  place.memory.forget(load.repository);
  const { now } = await place.memory.look(load.repository, run);
  const there = new Map(now?.refs.map(({ name, oid }) => [name, oid]));
  const wrong = load.refs.find(({ name, oid }) => there.get(name) !== oid)?.name;
  const left = pruned.find((name) => there.has(name));
  const name = wrong ?? left;
  if (name !== undefined) throw moved(load, name, there.get(name) ?? 'gone', place.target);
}

function moved(load: GitRefs, name: string, now: string, target: string): GapferryError {
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: printable(`${name} of ${load.item} is ${now} at the target ${target}, and should not be`),
    hint: 'somebody changed it meanwhile: look at it, then plan again',
    origin: 'target',
    data: { item: load.item, name, there: now, target },
  });
}

function refusedBy(load: GitRefs, refused: readonly RefChange[], target: string): GapferryError {
  const [first] = refused;
  const more = refused.length > 1 ? ` and ${refused.length - 1} more` : '';
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: printable(
      `${first?.ref} of ${load.item} is not set at the target ${target}: ${first?.refused}${more}`,
    ),
    hint: 'no ref of it was changed; plan again',
    origin: 'target',
    data: { item: load.item, refs: refused.map(({ ref }) => ref), target },
  });
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
