import type { HostApi, LoadedRelease } from '../git-host/git-host.ts';
import { mapRepository } from '../registry/map-repository.ts';
import type { OciRegistry } from '../registry/oci-registry.ts';
import { registryTarget } from '../registry/registry-target.ts';
import { type RegistryHostTarget, registryHostTarget } from '../registry-host/registry-host-target.ts';
import { harborHost } from './harbor-host.ts';
import { harborMemory } from './harbor-memory.ts';
import { nameProblem, projectOf } from './harbor-names.ts';
import type { ProjectsPolicy, ScanPolicy, Waiting } from './harbor-place.ts';

export interface HarborTargetOptions {
  /** The target's name in the site file, for messages. */
  readonly name: string;
  /** Harbor's host[:port]. */
  readonly host: string;
  readonly registry: OciRegistry;
  /** Of the whole host: `/api/v2.0/…` and `/service/token`. */
  readonly api: HostApi;
  /** Who signs in: `robot$line-a`. */
  readonly user: string;
  /** See `mapRepository`; the first part is the project. */
  readonly path: string;
  readonly projects: ProjectsPolicy;
  /** Labels what is loaded with its release; default false. */
  readonly labels?: boolean;
  /** Default: none. */
  readonly scan?: ScanPolicy;
  readonly release: LoadedRelease;
  /** How scans are waited for. */
  readonly waiting: Waiting;
  /** Requests under way at once; 8. */
  readonly connections?: number;
}

export type HarborTarget = RegistryHostTarget;

/** A Harbor (API v2.0) as a target for images and charts: a registry whose projects are looked at first, and made where they are missing. */
export function harborTarget(options: HarborTargetOptions): HarborTarget {
  const { name, path, labels = false, scan = { mode: 'none' } } = options;
  const { api, user, projects, release, waiting } = options;
  const registry = registryTarget(options);
  const pathOf = (repository: string): string => mapRepository(path, repository);
  const host = harborHost({
    product: 'Harbor',
    target: name,
    placeOf: projectOf,
    nameProblem,
    pathOf,
    registry,
    api,
    user,
    projects,
    labels,
    scan,
    release,
    waiting,
    surveyed: [],
    memory: harborMemory(api),
  });
  return registryHostTarget({ name, host, registry, pathOf });
}
