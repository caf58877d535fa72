import type { Obstacle, Permission, PermissionState, Run } from '@gapferry/core';
import { askHost, listOf, memberOf, numberIn, textIn } from './ask-host.ts';
import type { HostApi, HostJudgement, WantedAtHost } from './git-host.ts';
import { findGroup, type GitlabGroup } from './gitlab-groups.ts';

/** Who signs in. */
export interface GitlabAccount {
  readonly id: number;
  readonly name: string;
  readonly isAdmin: boolean;
  /** Groups at the top; absent where the host does not say. */
  readonly mayMakeGroups?: boolean;
}

interface Gitlab {
  readonly api: HostApi;
  /** Of what is made. */
  readonly visibility: 'private' | 'internal' | 'public';
}

/** What GitLab must allow for what is wanted, and what is in the way there: its version, scopes of the token, levels in groups, visibility. */
export async function judgeGitlab(
  gitlab: Gitlab,
  { missing }: WantedAtHost,
  me: GitlabAccount,
  run: Run,
): Promise<HostJudgement> {
  const { api } = gitlab;
  const places = [
    ...new Map(missing.map(({ path }) => [path.slice(0, path.lastIndexOf('/')), path])).values(),
  ];
  const [version, scopes, ...found] = await Promise.all([
    versionProblem(api, run),
    tokenScopes(api, run),
    ...places.map((path) => judgePlace(gitlab, path, me, run)),
  ]);
  const sha256 = missing.flatMap(({ path, objectFormat }) =>
    objectFormat === 'sha256' ? [onlySha1(path)] : [],
  );
  return {
    permissions: unique([...scopes, ...found.flatMap(({ permissions }) => permissions)]),
    obstacles: unique([...version, ...sha256, ...found.flatMap(({ obstacles }) => obstacles)]),
  };
}

function unique<T extends { readonly on: string }>(all: readonly T[]): readonly T[] {
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}

/** The oldest that has all of the API that is used here (topics of projects). */
const OLDEST = 14;

async function versionProblem(api: HostApi, run: Run): Promise<readonly Obstacle[]> {
  const { value } = await askHost(api, { method: 'GET', path: '/version', accept: [401, 403, 404] }, run);
  const text = textIn(value, 'version') ?? '';
  const major = Number(/^(\d+)\./.exec(text)?.[1] ?? OLDEST);
  if (major >= OLDEST) return [];
  return [
    {
      on: 'GitLab',
      problem: `its version is ${text}, and the oldest that gapferry speaks with is ${OLDEST}.0`,
      remedy: 'have GitLab updated, or use `kind: git` with projects that somebody makes',
    },
  ];
}

/** GET /personal_access_tokens/self, since 15.5, tells of every kind of access token; others are not told anything. */
async function tokenScopes(api: HostApi, run: Run): Promise<readonly Permission[]> {
  const question = { method: 'GET', path: '/personal_access_tokens/self', accept: [401, 403, 404] } as const;
  const { value } = await askHost(api, question, run);
  const scopes = memberOf(value, 'scopes');
  const need = { action: 'api', on: 'scopes of the access token' };
  if (!Array.isArray(scopes))
    return [{ ...need, state: 'unknown', reason: 'this GitLab does not tell of this token' }];
  if (listOf(scopes).includes('api')) return [{ ...need, state: 'proven' }];
  const has = listOf(scopes).map(String).join(', ').slice(0, 200);
  return [
    {
      ...need,
      state: 'lacking',
      remedy: `make an access token with the scope \`api\` (this one has: ${has === '' ? 'none' : has})`,
    },
  ];
}

function onlySha1(path: string): Obstacle {
  return {
    on: path,
    problem: `${path} has sha256 object ids, and GitLab keeps projects with sha1 object ids only`,
    remedy: 'send it to another target',
  };
}

/** The groups that a project lies in: whether what lacks can be made in the deepest that is there. */
async function judgePlace(gitlab: Gitlab, path: string, me: GitlabAccount, run: Run): Promise<HostJudgement> {
  const { group, missing } = await findGroup(gitlab.api, path, run);
  if (group === undefined) return await atTheTop(gitlab.api, missing[0] ?? '', me, run);
  const obstacles = groupObstacles(gitlab, group);
  const [action, level] =
    missing.length > 0
      ? (['create subgroup', group.makesGroups] as const)
      : (['create project', group.makesProjects] as const);
  const needed = LEVELS[level ?? ''] ?? (missing.length > 0 ? MAINTAINER : DEVELOPER);
  const state = await inGroup(gitlab.api, group, needed, me, run);
  return { permissions: [{ action, on: group.path, ...state }], obstacles };
}

/** GitLab, "Roles and permissions". */
const DEVELOPER = 30;
const MAINTAINER = 40;
const LEVELS: Readonly<Record<string, number>> = {
  noone: Number.POSITIVE_INFINITY,
  administrator: Number.POSITIVE_INFINITY,
  owner: 50,
  maintainer: MAINTAINER,
  developer: DEVELOPER,
};

function groupObstacles({ visibility }: Gitlab, group: GitlabGroup): readonly Obstacle[] {
  const order = ['private', 'internal', 'public'];
  const isWider =
    group.visibility !== undefined && order.indexOf(visibility) > order.indexOf(group.visibility);
  return [
    ...(isWider
      ? [
          {
            on: group.path,
            problem: `the group ${group.path} is ${group.visibility}, and what is made in it cannot be ${visibility}`,
            remedy: `say \`visibility: ${group.visibility}\` of the target in site.yaml, or have the group opened`,
          },
        ]
      : []),
    ...(group.isLeaving
      ? [
          {
            on: group.path,
            problem: `the group ${group.path} is marked for deletion`,
            remedy: 'have it restored, or say another `path` of the target in site.yaml',
          },
        ]
      : []),
  ];
}

async function inGroup(
  api: HostApi,
  group: GitlabGroup,
  needed: number,
  me: GitlabAccount,
  run: Run,
): Promise<PermissionState> {
  if (me.isAdmin) return { state: 'proven' };
  const path = `/groups/${group.id}/members/all/${me.id}`;
  const { status, value } = await askHost(api, { method: 'GET', path, accept: [403, 404] }, run);
  if (status === 403)
    return { state: 'unknown', reason: 'the group does not show its members to this token' };
  if ((numberIn(value, 'access_level') ?? 0) >= needed) return { state: 'proven' };
  return {
    state: 'lacking',
    remedy: `let the owner of ${group.path} make ${me.name} a ${wordFor(needed)} there, or make what lacks himself`,
  };
}

function wordFor(level: number): string {
  if (level > 50) return 'member who may (the group lets nobody now)';
  return level >= 50 ? 'owner' : level >= MAINTAINER ? 'maintainer' : 'developer';
}

/** A namespace of that name may be a user: then no group can be made of it. */
async function atTheTop(api: HostApi, name: string, me: GitlabAccount, run: Run): Promise<HostJudgement> {
  const question = { method: 'GET', path: `/users?username=${encodeURIComponent(name)}` } as const;
  if (listOf((await askHost(api, question, run)).value).length > 0)
    return {
      permissions: [],
      obstacles: [
        {
          on: name,
          problem: `no group can be made there: ${name} is a user`,
          remedy: 'let somebody make the projects, or choose another `path` in site.yaml',
        },
      ],
    };
  return { permissions: [{ action: 'create group', on: name, ...topGroups(name, me) }], obstacles: [] };
}

function topGroups(name: string, { mayMakeGroups, name: user, isAdmin }: GitlabAccount): PermissionState {
  if (isAdmin || mayMakeGroups === true) return { state: 'proven' };
  if (mayMakeGroups === undefined)
    return { state: 'unknown', reason: 'this GitLab does not tell who may make groups' };
  return {
    state: 'lacking',
    remedy: `have an administrator let ${user} make groups at the top, or make the group ${name} and ${user} a maintainer of it`,
  };
}
