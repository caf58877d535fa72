import { GapferryError } from './errors.ts';
import type { TargetFailure } from './obstacle.ts';
import type { Run } from './run.ts';
import type { Load, Target } from './target.ts';

/** Room on a disk, as far as it is known. */
export interface Room {
  /** What has it: a path. */
  readonly on: string;
  /** Bytes that loading takes at most. */
  readonly needed: number;
  /** Bytes that are free for us. */
  readonly free: number;
}

export type TargetRoom = Room & { readonly target: string };

/** A target that knows how much room there is. */
export interface RoomTarget extends Target {
  /** What loading `wanted` takes, and what is free; after the survey, and never with nothing. Changes nothing. */
  room(wanted: readonly Load[], run: Run): Promise<Room>;
}

export function hasRoom(target: Target): target is RoomTarget {
  return 'room' in target && typeof target.room === 'function';
}

/** `NO_SPACE`, as a target says it by itself; undefined where there is enough. */
export function roomFailure({ target, on, needed, free }: TargetRoom): TargetFailure | undefined {
  if (needed <= free) return undefined;
  const error = new GapferryError({
    code: 'NO_SPACE',
    message: `there is no room for target ${target}: ${on} has ${free.toLocaleString('en')} bytes free, and ${needed.toLocaleString('en')} are needed`,
    hint: 'make room there; nothing was loaded',
    origin: 'target',
    data: { target, path: on, free, missing: needed },
  });
  return { target, error };
}
