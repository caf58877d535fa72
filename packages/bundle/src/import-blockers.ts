import {
  GapferryError,
  isLacking,
  lackingText,
  obstaclesText,
  printable,
  requirePermissions,
  type TargetObstacle,
  type TargetPermission,
} from '@gapferry/core';
import { type Blockers, CONFLICT_REMEDY } from './blockers.ts';
import { placeText } from './import-loads.ts';
import { troublesError } from './target-troubles.ts';

/** Throws everything that is in the way at once: whoever clears it should need one walk. `TARGET_CONFLICT` with every conflict and obstacle, `FORBIDDEN` where only permissions lack; where targets could not be asked
 *  the code of the gravest of it, and what the one target said where that is all. */
export function requireWay(blockers: Blockers): void {
  const { conflicts, obstacles, permissions, failures } = blockers;
  if (failures.length > 0) throw troublesError(blockers);
  if (conflicts.length > 0) throw conflictError({ conflicts, obstacles, permissions });
  if (obstacles.length > 0) throw obstacleError(obstacles, permissions);
  requirePermissions(permissions);
}

function conflictError({ conflicts, obstacles, permissions }: Omit<Blockers, 'failures'>): GapferryError {
  const lines = conflicts
    .slice(0, 10)
    .map(({ target, place, kind, reason }) => `${placeText(place, kind)} at target ${target} ${reason}`);
  const more = conflicts.length > 10 ? `; and ${conflicts.length - 10} more` : '';
  const isForeign = conflicts.some(({ refused }) => refused === undefined);
  const besides = obstacles.length === 0 ? '' : `; besides, ${obstaclesText(obstacles)}`;
  const what = isForeign
    ? `nothing was loaded; ${CONFLICT_REMEDY}`
    : 'nothing was loaded; `refs` of the target in site.yaml says what may be forced, moved and lifted';
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: printable(
      `${isForeign ? 'the import would replace what is not its own' : 'the release wants what a target does not take'}: ${lines.join('; ')}${more}${besides}${lackText(permissions)}`,
    ),
    hint: printable([what, ...remediesOf(obstacles)].join('; ')),
    origin: 'target',
    data: {
      conflicts,
      ...(obstacles.length > 0 && { obstacles }),
      ...(permissions.some(isLacking) && { permissions }),
    },
  });
}

function obstacleError(
  obstacles: readonly TargetObstacle[],
  permissions: readonly TargetPermission[],
): GapferryError {
  const remedies = [...remediesOf(obstacles), ...permissions.filter(isLacking).map(({ remedy }) => remedy)];
  return new GapferryError({
    code: 'TARGET_CONFLICT',
    message: printable(
      `the release cannot be loaded as things stand: ${obstaclesText(obstacles)}${lackText(permissions)}`,
    ),
    hint: printable(`nothing was loaded; ${[...new Set(remedies)].join('; ')}`),
    origin: 'target',
    data: { obstacles, ...(permissions.some(isLacking) && { permissions }) },
  });
}

function remediesOf(obstacles: readonly TargetObstacle[]): readonly string[] {
  return [...new Set(obstacles.map(({ remedy }) => remedy))];
}

function lackText(permissions: readonly TargetPermission[]): string {
  const lacking = permissions.filter(isLacking);
  return lacking.length === 0 ? '' : `; it also lacks permissions: ${lackingText(lacking)}`;
}
