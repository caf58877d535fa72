import type { Load, Run } from '@gapferry/core';
import type { HostApi, LoadedRelease } from '../git-host/git-host.ts';
import type { HostSurvey } from '../registry-host/place-needs.ts';
import type { HarborMemory } from './harbor-memory.ts';

/** What is done to projects that are missing. */
export interface ProjectsPolicy {
  readonly create: boolean;
  readonly public: boolean;
  /** Bytes; absent: Harbor's own default. */
  readonly quota?: number;
}

/** `within`: seconds that a scan is waited for. */
export type ScanPolicy =
  | { readonly mode: 'none' | 'trigger' }
  | { readonly mode: 'await'; readonly within: number };

/** Time as waits see it. */
export interface Waiting {
  /** Milliseconds; only differences mean anything. */
  now(): number;
  wait(ms: number, run: Run): Promise<void>;
}

/** A Harbor target from within. */
export interface HarborPlace extends HostSurvey {
  readonly api: HostApi;
  /** Who signs in, for remedies. */
  readonly user: string;
  readonly projects: ProjectsPolicy;
  readonly labels: boolean;
  readonly scan: ScanPolicy;
  readonly release: LoadedRelease;
  readonly waiting: Waiting;
  /** When scans are waited for no longer, by `waiting`; absent before the first. */
  scansEnd?: number;
  surveyed: readonly Load[];
  /** Begun anew by every survey. */
  memory: HarborMemory;
}

/** A robot's name has a `$`; one that belongs to a project has a `+` as well. */
export function isRobot({ user }: Pick<HarborPlace, 'user'>): boolean {
  return user.includes('$');
}

export function isProjectRobot(place: Pick<HarborPlace, 'user'>): boolean {
  return isRobot(place) && place.user.includes('+');
}
