import type { Target } from './target.ts';

/** What a host said of itself with answers that were wanted anyway. Milliseconds. */
export interface HostNotes {
  /** host[:port]. */
  readonly host: string;
  /** How far its clock is ahead of ours; negative where it is behind, absent where it did not say. Good to a second and the time of one answer. */
  readonly clockAhead?: number;
  /** How long its certificate still counts. */
  readonly certificateLeft?: number;
}

/** A target whose host was listened to. */
export interface NotedTarget extends Target {
  /** Empty before anything was asked. */
  hostNotes(): readonly HostNotes[];
}

export function hasHostNotes(target: Target): target is NotedTarget {
  return 'hostNotes' in target && typeof target.hostNotes === 'function';
}
