import type { ItemLoads, SurveyedLoads } from '@gapferry/bundle';
import {
  hasObstacles,
  hasPermissions,
  hasRoom,
  type Load,
  type Run,
  type Target,
  type TargetObstacle,
  type TargetPermission,
  type TargetRoom,
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

/** Asks a target that knows about the room for what would change there. */
export async function askRoom(
  target: Target,
  loads: readonly SurveyedLoads[],
  run: Run,
): Promise<readonly TargetRoom[]> {
  const wanted = loads.flatMap(wantedOf);
  if (wanted.length === 0 || !hasRoom(target)) return [];
  return [{ target: target.name, ...(await target.room(wanted, run)) }];
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
