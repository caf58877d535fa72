import type { Clock, ContentLoad, Load, OciContent, OciTag, Run } from '@gapferry/core';
import { GapferryError } from '@gapferry/core';
import type { HostApi, LoadedRelease } from '../git-host/git-host.ts';
import type { RegistryTarget } from '../registry/registry-target.ts';
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
export interface HarborPlace {
  /** The target's name in the site file. */
  readonly target: string;
  readonly api: HostApi;
  /** What it does as every registry does. */
  readonly registry: RegistryTarget;
  /** Who signs in, for remedies. */
  readonly user: string;
  readonly projects: ProjectsPolicy;
  readonly labels: boolean;
  readonly scan: ScanPolicy;
  readonly release: LoadedRelease;
  readonly waiting: Waiting;
  readonly clock: Clock;
  /** When scans are waited for no longer, by `waiting`; absent before the first. */
  scansEnd?: number;
  /** What the last survey was about. */
  surveyed: readonly Load[];
  /** The path of an upstream repository at Harbor. Throws `NAME_UNSAFE`. */
  pathOf(repository: string): string;
  /** Begun anew by every survey. */
  memory: HarborMemory;
}

export function toOci(load: Load, target: string): OciContent | OciTag {
  if (load.kind === 'oci') return load;
  throw new GapferryError({
    code: 'CONFIG_INVALID',
    message: `the Harbor ${target} cannot hold ${load.item}`,
    hint: 'Harbor takes images and charts: correct `takes` of the target in site.yaml',
    origin: 'site',
  });
}

export function toOciContent(load: ContentLoad, target: string): OciContent {
  const oci = toOci(load, target);
  if (oci.phase === 'content') return oci;
  throw new GapferryError({ code: 'INTERNAL', message: `${load.item} has nothing to read back` });
}

/** A robot's name has a `$`; one that belongs to a project has a `+` as well. */
export function isRobot({ user }: Pick<HarborPlace, 'user'>): boolean {
  return user.includes('$');
}

export function isProjectRobot(place: Pick<HarborPlace, 'user'>): boolean {
  return isRobot(place) && place.user.includes('+');
}
