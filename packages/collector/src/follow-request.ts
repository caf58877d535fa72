import type { Sources } from '@gapferry/core';
import type { LookedInto, LookRequest } from './look-into-charts.ts';
import type { FoundInGit } from './look-into-git.ts';

/** What the references of a bundle's repositories are followed with. */
export interface FollowRequest extends LookRequest {
  readonly sources: Sources;
  /** What was found in the charts and repositories of the bundle. */
  readonly looked: readonly LookedInto[];
  readonly found: readonly FoundInGit[];
  /** Things asked for at once; 8 unless given. */
  readonly concurrency?: number;
}
