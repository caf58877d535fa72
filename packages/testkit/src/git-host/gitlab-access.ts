import type { Credentials } from '../http/credentials.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { Route } from './api-request.ts';

/** What an access token and its user are let do; all of it unless said. */
export interface GitlabAccess {
  /** Of the token; `api` unless said. `untold`: nobody tells of it, as before 15.5. */
  readonly scopes?: readonly string[] | 'untold';
  readonly mayMakeGroups?: boolean;
  /** Default 17.0.0. */
  readonly version?: string;
}

/** What the fake keeps of a group. */
export interface GitlabGroupRules {
  readonly visibility?: string;
  /** Of the user; 0 is no member. */
  readonly level: number;
  /** `project_creation_level`: developer unless said. */
  readonly makesProjects?: string;
  /** `subgroup_creation_level`: maintainer unless said. */
  readonly makesGroups?: string;
}

export interface GitlabGroup extends GitlabGroupRules {
  readonly id: number;
  readonly path: string;
  readonly visibility: string;
}

/** What the host tells of itself, of who asks, and of members of groups (REST API: version, users, personal access tokens, members). */
export function aboutRoutes(
  { username }: Credentials,
  groups: ReadonlyMap<string, GitlabGroup>,
  { mayMakeGroups = true, version = '17.0.0', scopes = ['api'] }: GitlabAccess = {},
): Route[] {
  return [
    ['GET', '/user', () => jsonReply(200, { id: 1, username, can_create_group: mayMakeGroups })],
    ['GET', '/version', () => jsonReply(200, { version })],
    ['GET', '/personal_access_tokens/self', () => toToken(scopes)],
    [
      'GET',
      '/groups/:id/members/all/:user',
      (_, [id = '']) => {
        const { level = 0 } = [...groups.values()].find((one) => String(one.id) === id) ?? {};
        return level === 0
          ? jsonReply(404, { message: '404 Not found' })
          : jsonReply(200, { id: 1, access_level: level });
      },
    ],
  ];
}

function toToken(scopes: NonNullable<GitlabAccess['scopes']>): Reply {
  return scopes === 'untold'
    ? jsonReply(404, { message: '404 Not found' })
    : jsonReply(200, { id: 1, scopes, active: true, revoked: false });
}

export function toGroup({
  id,
  path,
  visibility,
  makesProjects = 'developer',
  makesGroups = 'maintainer',
}: GitlabGroup): Record<string, unknown> {
  return {
    id,
    full_path: path,
    path: path.slice(path.lastIndexOf('/') + 1),
    visibility,
    project_creation_level: makesProjects,
    subgroup_creation_level: makesGroups,
  };
}
