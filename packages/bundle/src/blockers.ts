import type { TargetFailure, TargetObstacle, TargetPermission } from '@gapferry/core';
import type { ItemKind } from './manifest.ts';

/** A place where loading would replace what is not the channel's own. */
export interface Conflict {
  readonly target: string;
  /** As `placeOf` of the name. */
  readonly place: string;
  readonly kind: ItemKind;
  readonly item: string;
  readonly reason: string;
  /** The target's policy or a rule of the host is against it; nobody's work would be lost. */
  readonly refused?: true;
}

/** Everything that is in the way of an import. */
export interface Blockers {
  readonly conflicts: readonly Conflict[];
  readonly obstacles: readonly TargetObstacle[];
  readonly permissions: readonly TargetPermission[];
  /** Targets that could not be asked. */
  readonly failures: readonly TargetFailure[];
}

/** Of what this channel did not put there. What it left itself before may stand there again. */
export const CONFLICT_REMEDY =
  'find out who put it there; then put back what stood there before, move it away, or take it out of the bundle';
