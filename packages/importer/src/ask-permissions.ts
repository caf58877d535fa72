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

/** Asks a target that can tell what it allows, about what would change there; about everything where it could not be surveyed. One that has it all is asked nothing. */
export async function askPermissions(
  target: Target,
  loads: ReadonlyArray<ItemLoads & Partial<SurveyedLoads>>,
  run: Run,
): Promise<readonly TargetPermission[]> {
  const wanted = loads.flatMap(wantedOf);
  if (wanted.length === 0 || !hasPermissions(target)) return [];
  const permissions = await target.permissions(wanted, run);
  return permissions.map((permission) => ({ target: target.name, ...permission }));
}

/** Asks a target that can tell what stands in the way of what would change there. */
export async function askObstacles(
  target: Target,
  loads: readonly SurveyedLoads[],
  run: Run,
): Promise<readonly TargetObstacle[]> {
  const wanted = loads.flatMap(wantedOf);
  if (wanted.length === 0 || !hasObstacles(target)) return [];
  const obstacles = await target.obstacles(wanted, run);
  return obstacles.map((obstacle) => ({ target: target.name, ...obstacle }));
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
