import type { z } from 'zod';
import {
  type EntryProblem,
  plainHttpProblem,
  type TokenConfig,
  type TokenEntry,
  toToken,
} from './connection-entry.ts';
import { entryText } from './entry-schemas.ts';
import {
  type RegistryEntry,
  type RegistryTargetConfig,
  registryProblem,
  toRegistryTarget,
} from './registry-entry.ts';

/** The container registry of a GitLab in site.yaml: its repositories lie below projects, which GitLab's API (v4) makes. */
export interface GitlabRegistryTargetConfig extends Omit<RegistryTargetConfig, 'kind'> {
  readonly kind: 'gitlab-registry';
  /** Where GitLab's own pages are, its token service and its API; without a slash at the end. */
  readonly gitlab: string;
  /** An access token with the scope `api`; absent: the password of `credentials` is tried. */
  readonly token?: TokenConfig;
  /** How many parts of a repository's path are its project; absent: each repository has a project of its own. */
  readonly projectParts?: number;
  readonly create: boolean;
  /** Of what is made there. */
  readonly visibility: GitlabVisibility;
}

export type GitlabVisibility = 'private' | 'internal' | 'public';

/** The beginning of `path`, or all of it. */
export const projectTemplate: z.ZodType<string, string> = entryText;

/** The registry of a GitLab as it stands in the file, each member judged by itself. */
export interface GitlabRegistryEntry extends Omit<RegistryEntry, 'kind'> {
  readonly kind: 'gitlab-registry';
  readonly gitlab: string;
  readonly token?: TokenEntry | undefined;
  readonly project?: string | undefined;
  readonly create?: boolean | undefined;
  readonly visibility?: GitlabVisibility | undefined;
}

const PATH = '{host}/{path}';

/** What must hold between the members. */
export function gitlabRegistryProblem(entry: GitlabRegistryEntry): EntryProblem | undefined {
  const { credentials, path = PATH, project = path, create, visibility, gitlab } = entry;
  if (credentials === undefined)
    return { member: 'credentials', message: 'is missing: GitLab lets nobody push who is not signed in' };
  if (project !== path && !path.startsWith(`${project}/`))
    return { member: 'project', message: `is not what "path" begins with (${path})` };
  if (project !== path && /\{path\}/.test(project))
    return {
      member: 'project',
      message: 'has {path}, and "path" goes on behind it: nobody can tell where a project ends',
    };
  if (!/[^/]\/[^/]/.test(project))
    return { member: 'project', message: 'is no GROUP/PROJECT, for example "mirror/{host}"' };
  if (create === false && visibility !== undefined)
    return { member: 'visibility', message: 'says what projects are made like, and "create: false"' };
  return plainHttpProblem(entry, gitlab, 'gitlab') ?? registryProblem({ ...entry, kind: 'registry' });
}

export function toGitlabRegistryTarget(entry: GitlabRegistryEntry): GitlabRegistryTargetConfig {
  const { token, path = PATH, project = path, create = true, visibility = 'private' } = entry;
  return {
    ...toRegistryTarget({ ...entry, kind: 'registry' }),
    kind: 'gitlab-registry',
    gitlab: new URL(entry.gitlab).href.replace(/\/+$/, ''),
    ...(token !== undefined && { token: toToken(token) }),
    ...(project !== path && { projectParts: project.split('/').length }),
    create,
    visibility,
  };
}
