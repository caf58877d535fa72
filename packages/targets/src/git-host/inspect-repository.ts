import {
  type Absent,
  GapferryError,
  type GitContent,
  type GitRefs,
  type NameState,
  type Presence,
  type Run,
  type Same,
  totalSize,
} from '@gapferry/core';
import { isSame } from '../name-state.ts';
import { incomingPrefix } from './backup-names.ts';
import { distinctIds, type GitHostPlace, type StagedRepository } from './git-host-place.ts';
import { lackedObjects } from './git-lfs.ts';
import type { RemoteState } from './git-remotes.ts';
import { judgeRefs } from './judge-refs.ts';
import { aboutThere } from './provenance.ts';
import type { RepositoryLook } from './repository-memory.ts';
import { keepingRefs } from './stage-from-host.ts';

/** Objects are there when refs stand at them: a host took none before it had everything that they reach. */
export async function inspectObjects(place: GitHostPlace, load: GitContent, run: Run): Promise<Presence> {
  const { now } = await place.memory.look(load.repository, run);
  const lacked = await lackedObjects(place, load, now !== undefined, run);
  const presence = await inspectHistory(place, load, now, run);
  if (lacked.length === 0) return presence;
  const missingBytes = totalSize(lacked) + (presence.state === 'absent' ? presence.missingBytes : 0);
  return { state: 'absent', missingBytes, lfs: lacked.length };
}

async function inspectHistory(
  place: GitHostPlace,
  load: GitContent,
  now: RemoteState | undefined,
  run: Run,
): Promise<Absent | Same> {
  const wanted = distinctIds(load.refs);
  if (now === undefined || now.refs.length === 0)
    return { state: 'absent', missingBytes: totalSize(load.packs) };
  if (holdsAll(now, wanted)) return { state: 'same' };
  if (place.goesBack && (await isReached(place, load, now, run))) return { state: 'same' };
  const stage = await place.memory.stage(load.repository, undefined, run);
  if (stage === undefined) return { state: 'absent', missingBytes: totalSize(load.packs) };
  if (await isSentAhead(place, load, { now, stage }, run)) return { state: 'same' };
  return { state: 'absent', missingBytes: await stage.size(wanted, distinctIds(now.refs), run) };
}

/** What an earlier run sent ahead of the names waits under refs of ours, the fewest that reach everything that did not stand already: all of these must stand until the names are set. */
async function isSentAhead(
  { memory, release }: GitHostPlace,
  { repository, refs }: GitContent,
  { now, stage }: { readonly now: RemoteState; readonly stage: StagedRepository },
  run: Run,
): Promise<boolean> {
  const prefix = incomingPrefix(release.statement);
  const wanted = distinctIds(refs);
  const own = new Set(wanted);
  const there = distinctIds(now.refs.filter(({ name, oid }) => own.has(oid) || name.startsWith(prefix)));
  if (there.length === 0 || (await stage.tips(wanted, there, run)).length > 0) return false;
  memory.sent.set(repository, there);
  return true;
}

/** Where branches went on since, what they stood at is still reached: it came back from the host, and those refs must stand until the names are set. */
async function isReached(
  { memory }: GitHostPlace,
  { repository }: GitContent,
  now: RemoteState,
  run: Run,
): Promise<boolean> {
  await memory.stage(repository, undefined, run);
  if (!memory.cameBack.has(repository)) return false;
  memory.sent.set(repository, distinctIds(keepingRefs(now)));
  return true;
}

export function holdsAll({ refs }: RemoteState, oids: readonly string[]): boolean {
  const there = new Set(refs.map(({ oid }) => oid));
  return oids.every((oid) => there.has(oid));
}

/** Refs decide, and HEAD where the host has one and the load names it. What would be done to each ref is told where the medium is known. */
export async function inspectRefs(place: GitHostPlace, load: GitRefs, run: Run): Promise<Presence> {
  const look = await place.memory.look(load.repository, run);
  const { now } = look;
  const about = aboutOutlook(place, load, look);
  if (now === undefined) return { state: 'absent', missingBytes: 0, ...about };
  requireSameFormat(now, load, place.target);
  const there = stateOf(now, load);
  const same = isSame(there, wantedOf(load));
  const outlook = {
    ...(await outlookOf(place, load, now, same, run)),
    ...headOutlook(place, look, load),
    ...about,
  };
  if (same && isHead(place, look, load)) return { state: 'same', ...outlook };
  if (Object.keys(there).length === 0) return { state: 'absent', missingBytes: 0, ...outlook };
  return { state: 'different', there, missingBytes: 0, ...outlook };
}

/** What the host says of the repository, and would; where both are nothing, nobody needs to know. */
function aboutOutlook(
  { host }: GitHostPlace,
  { about = {} }: GitRefs,
  { hosted = {} }: RepositoryLook,
): Pick<Presence, 'about'> {
  if (host.takesOf === undefined) return {};
  const [wanted, there] = [host.takesOf(about), aboutThere(hosted)];
  return Object.keys(wanted).length + Object.keys(there).length === 0 ? {} : { about: { wanted, there } };
}

function headOutlook(place: GitHostPlace, look: RepositoryLook, load: GitRefs): Pick<Presence, 'head'> {
  const { hosted, now } = look;
  if (load.head === undefined || (now?.refs.length ?? 0) === 0 || isHead(place, look, load)) return {};
  const from = hosted?.head ?? now?.head;
  return { head: { ...(from !== undefined && { from }), to: load.head } };
}

async function outlookOf(
  place: GitHostPlace,
  load: GitRefs,
  now: RemoteState,
  same: boolean,
  run: Run,
): Promise<Pick<Presence, 'changes' | 'prunable'>> {
  if (same && !place.policy.prune) return {};
  const stage = movesBranch(now, load)
    ? await place.memory.stage(load.repository, undefined, run)
    : NO_HISTORY;
  if (stage === undefined) return {};
  const { changes, prunable } = await judge(place, load, now, stage, run);
  return { ...(changes.length > 0 && { changes }), ...(prunable.length > 0 && { prunable }) };
}

function movesBranch(now: RemoteState, load: GitRefs): boolean {
  const there = new Map(now.refs.map(({ name, oid }) => [name, oid]));
  return load.refs.some(
    ({ name, oid }) => name.startsWith('refs/heads/') && (there.get(name) ?? oid) !== oid,
  );
}

/** One host's repository has sha1 object ids, another's sha256, and neither takes the other's. */
function requireSameFormat(now: RemoteState, load: GitRefs, target: string): void {
  const [[one], [other]] = [now.refs, load.refs];
  if (one === undefined || other === undefined || one.oid.length === other.oid.length) return;
  throw new GapferryError({
    code: 'TARGET_CONFLICT',
    message: `${load.item} has ${nameOf(other.oid)} object ids, its repository at the target ${target} has ${nameOf(one.oid)} ones`,
    hint: 'move that repository away: what has other ids is another repository',
    origin: 'target',
    data: { item: load.item, target },
  });
}

function nameOf(oid: string): string {
  return oid.length === 64 ? 'sha256' : 'sha1';
}

/** Where no branch moves, no history is compared. */
const NO_HISTORY = { forward: async () => undefined };

export async function judge(
  { host, policy, release }: GitHostPlace,
  load: GitRefs,
  now: RemoteState,
  stage: Parameters<typeof judgeRefs>[0]['stage'],
  run: Run,
): ReturnType<typeof judgeRefs> {
  const protections = await host.protections(host.pathOf(load.repository), run);
  const { sequence } = release;
  return await judgeRefs({ load, now, stage, policy, protections, sequence }, run);
}

export function stateOf(now: RemoteState, load: GitRefs): NameState {
  const named = new Set(load.refs.map(({ name }) => name));
  return Object.fromEntries(now.refs.flatMap(({ name, oid }) => (named.has(name) ? [[name, oid]] : [])));
}

export function wantedOf(load: GitRefs): NameState {
  return Object.fromEntries(load.refs.map(({ name, oid }) => [name, oid]));
}

export function isHead({ host }: GitHostPlace, { hosted, now }: RepositoryLook, load: GitRefs): boolean {
  return !host.hasHead || load.head === undefined || (hosted?.head ?? now?.head) === load.head;
}
