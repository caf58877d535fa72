import type { Sources } from '@gapferry/core';
import type { LookedInto, LookRequest } from './look-into-charts.ts';
import type { FoundInGit } from './look-into-git.ts';
import type { Change, Pointer } from './pointer.ts';

/** What the references of a bundle's repositories are followed with. */
export interface FollowRequest extends LookRequest {
  readonly sources: Sources;
  /** What was found in the charts and repositories of the bundle. */
  readonly looked: readonly LookedInto[];
  readonly found: readonly FoundInGit[];
  /** Things asked for at once; 8 unless given. */
  readonly concurrency?: number;
}

/** What looking into one kind of things came to in one round. */
export interface FollowedRound {
  readonly looked: readonly LookedInto[];
  readonly found: readonly FoundInGit[];
  /** What it means for the references that led there. */
  readonly changes: ReadonlyArray<readonly [Pointer, Change]>;
}

export function joinRounds(rounds: readonly FollowedRound[]): FollowedRound {
  return {
    looked: rounds.flatMap(({ looked }) => looked),
    found: rounds.flatMap(({ found }) => found),
    changes: rounds.flatMap(({ changes }) => changes),
  };
}
