import type { TargetFailure, TargetObstacle, TargetPermission } from '@gapferry/core';

/** A place where loading would replace what is not the channel's own. */
export interface Conflict {
  readonly target: string;
  readonly place: string;
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
