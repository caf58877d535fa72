import {
  type ItemLoads,
  importLoads,
  type SurveyedLoads,
  type TargetRule,
  type VerifiedRelease,
} from '@gapferry/bundle';
import {
  type BlobReader,
  hasAddresses,
  hasPermissions,
  hasPreflight,
  inLanes,
  isGapferryError,
  isLacking,
  type Load,
  type Run,
  type Target,
  type TargetFailure,
  type TargetObstacle,
  type TargetPermission,
  type TargetRoom,
} from '@gapferry/core';
import { askObstacles, askPermissions, askRoom } from './ask-permissions.ts';
import { readFileLists } from './read-file-lists.ts';
import { readReached } from './read-reached.ts';
import { readRefLists } from './read-ref-lists.ts';
import { requireLfsLists } from './require-lfs-lists.ts';
import { requireTarget } from './require-target.ts';
import { targetFailure } from './target-failure.ts';
import { tellHostNotes } from './tell-host-notes.ts';

export interface SurveyTargets {
  readonly release: VerifiedRelease;
  readonly medium: BlobReader;
  /** In the order of the site file: the first that takes an item's kind takes the item. */
  readonly rules: readonly TargetRule[];
  /** By name; one for each of `rules`. */
  readonly targets: ReadonlyMap<string, Target>;
  /** Items asked about at a time; 16. */
  readonly concurrency?: number;
}

export interface Survey {
  /** In manifest order; of targets that could be looked at. */
  readonly loads: readonly SurveyedLoads[];
  /** Only of targets that would change, and can tell. */
  readonly permissions: readonly TargetPermission[];
  /** As for permissions. */
  readonly obstacles: readonly TargetObstacle[];
  /** As for permissions. */
  readonly room: readonly TargetRoom[];
  /** Targets that could not be asked: nobody knows all of what they hold, or would take. */
  readonly failures: readonly TargetFailure[];
}

/** Asks every target what it holds of the release, and those where something would change what they allow. Targets that can judge a release at once do so first. Changes nothing. What one target refuses, or that it
 *  cannot be reached, keeps no other from being asked. Warns of clocks that differ and certificates that end. Throws `CONFIG_INVALID` for an item that no target takes, and what reading a list throws. */
export async function surveyTargets(input: SurveyTargets, run: Run): Promise<Survey> {
  const { release, medium } = input;
  const refs = await readRefLists(release, medium, run);
  await requireLfsLists(release, medium, run);
  const reached = await readReached(release, medium, run);
  const files = await readFileLists(release, medium, run);
  const all = importLoads(release, input.rules, refs, reached, files);
  run.emit({ kind: 'stage', stage: 'survey', items: all.filter(({ content }) => content).length });
  const groups = [...Map.groupBy(all, ({ target }) => target).values()];
  const surveys = await inLanes(
    groups,
    groups.length,
    (items, inner) => surveyTarget(items, input, inner),
    run,
  );
  tellHostNotes(
    groups.map((items) => requireTarget(input.targets, items[0]?.target ?? '')),
    run,
  );
  const looks = new Map(surveys.flatMap(({ looks }) => [...looks]));
  return {
    loads: all.flatMap((item) => looks.get(item) ?? []),
    permissions: surveys.flatMap(({ permissions }) => permissions),
    obstacles: surveys.flatMap(({ obstacles }) => obstacles),
    room: surveys.flatMap(({ room }) => room),
    failures: surveys.flatMap(({ failure }) => failure ?? []),
  };
}

interface TargetSurvey extends Pick<Survey, 'permissions' | 'obstacles' | 'room'> {
  readonly looks: ReadonlyMap<ItemLoads, SurveyedLoads>;
  readonly failure?: TargetFailure;
}

/** `items`: all of one target. */
async function surveyTarget(
  items: readonly ItemLoads[],
  input: SurveyTargets,
  run: Run,
): Promise<TargetSurvey> {
  const name = items[0]?.target ?? '';
  const target = requireTarget(input.targets, name);
  try {
    const looks = await lookAround(target, items, input, run);
    return await askTheRest(target, items, looks, run);
  } catch (error) {
    const failure = targetFailure(name, error, run);
    if (!isGapferryError(error, 'FORBIDDEN') || !hasPermissions(target)) return failed(failure);
    return await afterRefusal(target, items, failure, run);
  }
}

/** What was seen and told before an answer failed stays. */
async function askTheRest(
  target: Target,
  items: readonly ItemLoads[],
  looks: TargetSurvey['looks'],
  run: Run,
): Promise<TargetSurvey> {
  const loads = items.flatMap((item) => looks.get(item) ?? []);
  let known: TargetSurvey = { looks, permissions: [], obstacles: [], room: [] };
  try {
    known = { ...known, permissions: await askPermissions(target, loads, run) };
    known = { ...known, obstacles: await askObstacles(target, loads, run) };
    return { ...known, room: await askRoom(target, loads, run) };
  } catch (error) {
    const failure = targetFailure(target.name, error, run);
    // What lacks says more than that something was refused.
    const isTold = isGapferryError(error, 'FORBIDDEN') && known.permissions.some(isLacking);
    return isTold ? known : { ...known, failure };
  }
}

function failed(failure: TargetFailure): TargetSurvey {
  return { looks: new Map(), permissions: [], obstacles: [], room: [], failure };
}

/** A target that may not be read: what it allows besides can still be asked, and what lacks says more than that something was refused. */
async function afterRefusal(
  target: Target,
  items: readonly ItemLoads[],
  failure: TargetFailure,
  run: Run,
): Promise<TargetSurvey> {
  try {
    const permissions = await askPermissions(target, items, run);
    const known = { looks: new Map(), permissions, obstacles: [], room: [] };
    return permissions.some(isLacking) ? known : { ...known, failure };
  } catch (error) {
    return failed(targetFailure(target.name, error, run));
  }
}

async function lookAround(
  target: Target,
  items: readonly ItemLoads[],
  { medium, concurrency = 16 }: SurveyTargets,
  run: Run,
): Promise<ReadonlyMap<ItemLoads, SurveyedLoads>> {
  if (hasPreflight(target)) await target.preflight(items.flatMap(loadsOf), run, medium);
  const looks = await inLanes(items, concurrency, (item, inner) => survey(item, target, inner), run);
  return new Map(items.flatMap((item, i) => (looks[i] === undefined ? [] : [[item, looks[i]] as const])));
}

function loadsOf({ content, name }: ItemLoads): readonly Load[] {
  return content === undefined ? [name] : [content, name];
}

async function survey(loads: ItemLoads, target: Target, run: Run): Promise<SurveyedLoads> {
  const [contentPresence, namePresence] = await Promise.all([
    loads.content === undefined ? undefined : target.inspect(loads.content, run),
    target.inspect(loads.name, run),
  ]);
  const address = hasAddresses(target) ? { address: target.addressOf(loads.name) } : {};
  if (loads.content === undefined || contentPresence === undefined)
    return { ...loads, namePresence, ...address };
  const same = contentPresence.state === 'same' && namePresence.state === 'same';
  run.emit({ kind: 'item-done', item: loads.content.item, outcome: same ? 'same' : 'done' });
  return { ...loads, contentPresence, namePresence, ...address };
}
