import type { HostApi, LoadedRelease } from '../git-host/git-host.ts';
import { mapRepository } from '../registry/map-repository.ts';
import type { OciRegistry } from '../registry/oci-registry.ts';
import { registryTarget } from '../registry/registry-target.ts';
import { type RegistryHostTarget, registryHostTarget } from '../registry-host/registry-host-target.ts';
import { quayHost } from './quay-host.ts';
import { quayMemory } from './quay-memory.ts';
import { nameProblem } from './quay-names.ts';
import type { OrganizationsPolicy, RepositoriesPolicy } from './quay-place.ts';

export interface QuayTargetOptions {
  /** The target's name in the site file, for messages. */
  readonly name: string;
  /** Quay's host[:port]. */
  readonly host: string;
  readonly registry: OciRegistry;
  /** `/api/v1/…` and `/config` of the host, with an access token where there is one. */
  readonly api: HostApi;
  readonly hasToken: boolean;
  /** `/v2/auth` of the host, as whoever pushes. */
  readonly login: HostApi;
  /** Who pushes: `org+robot`. */
  readonly user: string;
  /** See `mapRepository`; the first part is the organisation. */
  readonly path: string;
  readonly organizations: OrganizationsPolicy;
  readonly repositories: RepositoriesPolicy;
  readonly release: LoadedRelease;
  /** Requests under way at once; 8. */
  readonly connections?: number;
}

/** A Quay (API v1) as a target for images and charts: a registry whose organisations and repositories are looked at first, and made where they are missing and there is an access token. */
export function quayTarget(options: QuayTargetOptions): RegistryHostTarget {
  const { name, path, api, hasToken, login, user, organizations, repositories, release } = options;
  const registry = registryTarget(options);
  const pathOf = (repository: string): string => mapRepository(path, repository);
  const host = quayHost({
    product: 'Quay',
    target: name,
    placeOf: (own) => own,
    nameProblem,
    pathOf,
    registry,
    api,
    hasToken,
    login,
    service: options.host,
    user,
    organizations,
    repositories,
    release,
    surveyed: [],
    memory: quayMemory(api),
  });
  return registryHostTarget({ name, host, registry, pathOf });
}
