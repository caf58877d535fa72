import type { ItemLoads, SurveyedLoads } from '@gapferry/bundle';
import {
  hasObstacles,
  hasPermissions,
  type Load,
  type Run,
  type Target,
  type TargetObstacle,
  type TargetPermission,
} from '@gapferry/core';
import { requireTarget } from './require-target.ts';

/** Asks targets that can tell what they allow, about what would change there; about everything where they could not be surveyed. A target that has it all is asked nothing. */
export async function askPermissions(
  loads: ReadonlyArray<ItemLoads & Partial<SurveyedLoads>>,
  targets: ReadonlyMap<string, Target>,
  run: Run,
): Promise<readonly TargetPermission[]> {
  const all: TargetPermission[] = [];
  for (const [name, own] of Map.groupBy(loads, ({ target }) => target)) {
    const target = requireTarget(targets, name);
    const wanted = own.flatMap(wantedOf);
    if (wanted.length === 0 || !hasPermissions(target)) continue;
    const permissions = await target.permissions(wanted, run);
    all.push(...permissions.map((permission) => ({ target: name, ...permission })));
  }
  return all;
}

/** Asks targets that can tell what stands in the way of what would change there. */
export async function askObstacles(
  loads: readonly SurveyedLoads[],
  targets: ReadonlyMap<string, Target>,
  run: Run,
): Promise<readonly TargetObstacle[]> {
  const all: TargetObstacle[] = [];
  for (const [name, own] of Map.groupBy(loads, ({ target }) => target)) {
    const target = requireTarget(targets, name);
    const wanted = own.flatMap(wantedOf);
    if (wanted.length === 0 || !hasObstacles(target)) continue;
    const obstacles = await target.obstacles(wanted, run);
    all.push(...obstacles.map((obstacle) => ({ target: name, ...obstacle })));
  }
  return all;
}

function wantedOf({
  content,
  name,
  contentPresence,
  namePresence,
}: ItemLoads & Partial<SurveyedLoads>): readonly Load[] {
  const isSent = content !== undefined && contentPresence?.state !== 'same';
  return [...(isSent ? [content] : []), ...(namePresence?.state !== 'same' ? [name] : [])];
}
