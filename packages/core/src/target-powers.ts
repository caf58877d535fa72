import type { BlobReader } from './blobs.ts';
import type { Obstacle } from './obstacle.ts';
import type { Permission } from './permission.ts';
import type { Run } from './run.ts';
import type { ContentLoad, Load, LoadOutcome, NameLoad, Target } from './target.ts';

/** A target that can judge a whole release before its first write. */
export interface PreflightTarget extends Target {
  /** Looks only. Throws `NAME_UNSAFE` for places that cannot be written or fall together, naming the items, and `TARGET_CONFLICT` for places that take nothing.
   *  `from`: the medium, for targets that compare what is there with what would come. */
  preflight(loads: readonly Load[], run: Run, from?: BlobReader): Promise<void>;
}

export function hasPreflight(target: Target): target is PreflightTarget {
  return 'preflight' in target && typeof target.preflight === 'function';
}

/** A target that does many loads in less work than one after the other. The outcome is the same as with single loads. */
export interface BatchTarget extends Target {
  /** Sets the names in the order given; neighbouring loads of one kind may become visible together. Outcomes are in the order of `loads`.
   *  Conflicts among neighbours of one kind are found before the first of them is written. */
  loadNames(loads: readonly NameLoad[], from: BlobReader, run: Run): Promise<readonly LoadOutcome[]>;
  /** The barrier for many loads: what several of them share is read once. Throws like `readBack`. */
  readBackAll(loads: readonly ContentLoad[], run: Run): Promise<void>;
}

export function isBatchTarget(target: Target): target is BatchTarget {
  return 'loadNames' in target && 'readBackAll' in target;
}

/** A target that can tell what it may do before it does it. */
export interface PermissionTarget extends Target {
  /** What loading `wanted` needs to be allowed, and what is known of that. What reading cannot tell is begun and cancelled, and nothing of it stays: whoever only looks asks with what would really change something,
   *  after the survey, and never with nothing. Answers as well where the survey was refused. */
  permissions(wanted: readonly Load[], run: Run): Promise<readonly Permission[]>;
}

export function hasPermissions(target: Target): target is PermissionTarget {
  return 'permissions' in target && typeof target.permissions === 'function';
}

/** A target that can say where a name will be found. */
export interface AddressTarget extends Target {
  /** As its own clients name it: `s3://bucket/key`, a path, a URL; of a directory with a slash at the end. Asks nobody. */
  addressOf(name: NameLoad): string;
}

export function hasAddresses(target: Target): target is AddressTarget {
  return 'addressOf' in target && typeof target.addressOf === 'function';
}

/** A target that can tell what stands in the way before it begins. */
export interface ObstacleTarget extends Target {
  /** Everything that would stop loading `wanted`, all at once, as far as looking can tell; after the survey, and never with nothing. What is only a pity is told as a warning. */
  obstacles(wanted: readonly Load[], run: Run): Promise<readonly Obstacle[]>;
}

export function hasObstacles(target: Target): target is ObstacleTarget {
  return 'obstacles' in target && typeof target.obstacles === 'function';
}
