import { GapferryError, type Load } from '@gapferry/core';
import type { GitHost, HostApi, LoadedRelease } from '../git-host/git-host.ts';
import { gitlabPath } from '../git-host/gitlab-host.ts';
import type { HostSurvey } from '../registry-host/place-needs.ts';
import type { GitlabRegistryMemory } from './gitlab-registry-memory.ts';

/** The registry of a GitLab as a target, from within. Its places are projects. */
export interface GitlabRegistryPlace extends HostSurvey {
  /** Makes projects and their groups, and judges whether it may. */
  readonly gitlab: GitHost;
  /** REST API v4: `…/api/v4`. */
  readonly api: HostApi;
  /** Was a token for the API given? Otherwise the password of who pushes is tried, which the API may not take. */
  readonly isTokenGiven: boolean;
  /** `/jwt/auth`, as whoever pushes. */
  readonly login: HostApi;
  /** Who pushes. */
  readonly user: string;
  readonly create: boolean;
  readonly visibility: 'private' | 'internal' | 'public';
  readonly release: LoadedRelease;
  surveyed: readonly Load[];
  /** Begun anew by every survey. */
  memory: GitlabRegistryMemory;
}

/** The project of a repository's path: so many parts of it, or all. */
export function projectOf(path: string, parts: number | undefined): string {
  return parts === undefined ? path : path.split('/').slice(0, parts).join('/');
}

/** Parts that may follow behind a project (GitLab, "Naming convention for your container images"). */
const LEVELS_BEHIND = 2;

/** Why GitLab does not take the path of a repository: half a sentence; undefined where it does. */
export function nameProblem(path: string, parts: number | undefined): string | undefined {
  const project = projectOf(path, parts);
  const behind = path.split('/').length - project.split('/').length;
  if (behind > LEVELS_BEHIND)
    return `"${path}" has ${behind} parts behind its project ${project}, and GitLab takes ${LEVELS_BEHIND}`;
  if (path.length > 255) return `"${path.slice(0, 60)}…" is longer than the 255 characters that GitLab takes`;
  try {
    // The rules of projects for Git are those of all projects.
    gitlabPath('{host}/{path}', project);
    return undefined;
  } catch (error) {
    if (error instanceof GapferryError) return error.message;
    throw error;
  }
}
