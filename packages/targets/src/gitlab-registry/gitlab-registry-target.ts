import type { HostApi, LoadedRelease } from '../git-host/git-host.ts';
import { gitlabHost } from '../git-host/gitlab-host.ts';
import { mapRepository } from '../registry/map-repository.ts';
import type { OciRegistry } from '../registry/oci-registry.ts';
import { registryTarget } from '../registry/registry-target.ts';
import { type RegistryHostTarget, registryHostTarget } from '../registry-host/registry-host-target.ts';
import { gitlabRegistryHost } from './gitlab-registry-host.ts';
import { gitlabRegistryMemory } from './gitlab-registry-memory.ts';
import { type GitlabRegistryPlace, nameProblem, projectOf } from './gitlab-registry-place.ts';

export interface GitlabRegistryTargetOptions
  extends Pick<GitlabRegistryPlace, 'api' | 'login' | 'isTokenGiven' | 'user' | 'create' | 'visibility'> {
  /** The target's name in the site file, for messages. */
  readonly name: string;
  /** The registry's host[:port]. */
  readonly host: string;
  readonly registry: OciRegistry;
  /** `…/api/v4`. */
  readonly api: HostApi;
  /** See `mapRepository`. */
  readonly path: string;
  /** How many parts of a path are its project; absent: all of them. */
  readonly projectParts?: number;
  readonly release: LoadedRelease;
  /** Requests under way at once; 8. */
  readonly connections?: number;
}

/** The container registry of a GitLab as a target for images and charts: its repositories lie below projects, which are looked at first, and made where they are missing. */
export function gitlabRegistryTarget(options: GitlabRegistryTargetOptions): RegistryHostTarget {
  const { name, path, projectParts, api, visibility } = options;
  const registry = registryTarget(options);
  const pathOf = (repository: string): string => mapRepository(path, repository);
  const gitlab = gitlabHost({ gitUrl: '', template: path, visibility, api });
  const { login, isTokenGiven, user, create, release } = options;
  const host = gitlabRegistryHost({
    product: 'registry of GitLab',
    target: name,
    placeOf: (each) => projectOf(each, projectParts),
    nameProblem: (each) => nameProblem(each, projectParts),
    pathOf,
    registry,
    gitlab,
    api,
    login,
    isTokenGiven,
    user,
    create,
    visibility,
    release,
    surveyed: [],
    memory: gitlabRegistryMemory(api, gitlab),
  });
  return registryHostTarget({ name, host, registry, pathOf });
}
