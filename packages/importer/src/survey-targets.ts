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
  type Load,
  type Run,
  requirePermissions,
  type Target,
  type TargetObstacle,
  type TargetPermission,
} from '@gapferry/core';
import { askObstacles, askPermissions } from './ask-permissions.ts';
import { readFileLists } from './read-file-lists.ts';
import { readReached } from './read-reached.ts';
import { readRefLists } from './read-ref-lists.ts';
import { requireLfsLists } from './require-lfs-lists.ts';
import { requireTarget } from './require-target.ts';

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
  /** In manifest order. */
  readonly loads: readonly SurveyedLoads[];
  /** Only of targets that would change, and can tell. */
  readonly permissions: readonly TargetPermission[];
  /** As for permissions. */
  readonly obstacles: readonly TargetObstacle[];
}

/** Asks every target what it holds of the release, and those where something would change what they allow. Targets that can judge a release at once do so first. Changes nothing.
 *  Throws `CONFIG_INVALID` for an item that no target takes, what a target's preflight refuses, what reading a list throws, and `FORBIDDEN` with everything that lacks where a target may not even be read. */
export async function surveyTargets(input: SurveyTargets, run: Run): Promise<Survey> {
  const { release, medium } = input;
  const refs = await readRefLists(release, medium, run);
  await requireLfsLists(release, medium, run);
  const reached = await readReached(release, medium, run);
  const files = await readFileLists(release, medium, run);
  const all = importLoads(release, input.rules, refs, reached, files);
  run.emit({ kind: 'stage', stage: 'survey', items: all.filter(({ content }) => content).length });
  const closed = await preflight(all, input, run);
  const readable = all.filter(({ target }) => !closed.has(target));
  const loads = await inLanes(
    readable,
    input.concurrency ?? 16,
    (item, inner) => survey(item, input.targets, inner),
    run,
  );
  const unread = all.filter(({ target }) => closed.has(target));
  const permissions = await askPermissions([...loads, ...unread], input.targets, run);
  if (closed.size > 0) requirePermissions(permissions);
  for (const error of closed.values()) throw error;
  return { loads, permissions, obstacles: await askObstacles(loads, input.targets, run) };
}

/** Targets that may not be read, and what they said: what they allow besides can still be asked. */
async function preflight(
  loads: readonly ItemLoads[],
  { targets, medium }: Pick<SurveyTargets, 'targets' | 'medium'>,
  run: Run,
): Promise<ReadonlyMap<string, unknown>> {
  const closed = new Map<string, unknown>();
  for (const [name, items] of Map.groupBy(loads, (item) => item.target)) {
    const target = requireTarget(targets, name);
    if (!hasPreflight(target)) continue;
    try {
      await target.preflight(items.flatMap(loadsOf), run, medium);
    } catch (error) {
      if (!isGapferryError(error, 'FORBIDDEN') || !hasPermissions(target)) throw error;
      closed.set(name, error);
    }
  }
  return closed;
}

function loadsOf({ content, name }: ItemLoads): readonly Load[] {
  return content === undefined ? [name] : [content, name];
}

async function survey(
  loads: ItemLoads,
  targets: ReadonlyMap<string, Target>,
  run: Run,
): Promise<SurveyedLoads> {
  const target = requireTarget(targets, loads.target);
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
