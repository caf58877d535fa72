import type { Run } from '@gapferry/core';
import { askHost, memberOf, numberIn, textIn } from './ask-host.ts';
import type { HostApi } from './git-host.ts';

export interface GitlabGroup {
  readonly id: number;
  /** Full path. */
  readonly path: string;
  readonly visibility?: string;
  /** Who may make projects, and groups, in it; absent where the host does not say. */
  readonly makesProjects?: string;
  readonly makesGroups?: string;
  readonly isLeaving?: true;
}

/** The deepest group of the way to a project that is there, and the parts that are missing below it. */
export async function findGroup(
  api: HostApi,
  path: string,
  run: Run,
): Promise<{ readonly group: GitlabGroup | undefined; readonly missing: readonly string[] }> {
  const parts = path.split('/').slice(0, -1);
  for (let length = parts.length; length > 0; length--) {
    const full = parts.slice(0, length).join('/');
    const question = {
      method: 'GET',
      path: `/groups/${encodeURIComponent(full)}?with_projects=false`,
      accept: [404],
    } as const;
    const { status, value } = await askHost(api, question, run);
    const id = numberIn(value, 'id');
    if (status !== 404 && id !== undefined)
      return { group: toGroup(id, full, value), missing: parts.slice(length) };
  }
  return { group: undefined, missing: parts };
}

function toGroup(id: number, path: string, value: unknown): GitlabGroup {
  const visibility = textIn(value, 'visibility');
  const makesProjects = textIn(value, 'project_creation_level');
  const makesGroups = textIn(value, 'subgroup_creation_level');
  return {
    id,
    path,
    ...(visibility !== undefined && { visibility }),
    ...(makesProjects !== undefined && { makesProjects }),
    ...(makesGroups !== undefined && { makesGroups }),
    ...(typeof memberOf(value, 'marked_for_deletion_on') === 'string' && { isLeaving: true as const }),
  };
}
