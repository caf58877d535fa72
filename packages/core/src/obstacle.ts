import type { GapferryError } from './errors.ts';

/** What stands in the way of loading something, besides what is there already and what is not allowed. */
export interface Obstacle {
  /** What it is about, as the target names it: a project, a repository with its tag. */
  readonly on: string;
  /** Half a sentence: `project docker.io has room for 1.2 GiB, and 3 GiB would be sent`. */
  readonly problem: string;
  /** Half a sentence: what to do. */
  readonly remedy: string;
}

export type TargetObstacle = Obstacle & { readonly target: string };

/** A target that could not be asked, or refused to be judged: why. */
export interface TargetFailure {
  readonly target: string;
  readonly error: GapferryError;
}

/** `project a has no room at target harbor; …`, ten of them at most. */
export function obstaclesText(obstacles: readonly TargetObstacle[]): string {
  const told = obstacles.slice(0, 10).map(({ problem, target }) => `${problem} (target ${target})`);
  const more = obstacles.length > 10 ? `; and ${obstacles.length - 10} more` : '';
  return `${told.join('; ')}${more}`;
}
