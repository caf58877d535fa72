import type { TestRequest } from '../http/test-request.ts';
import type { HarborProject, HarborRole } from './harbor-projects.ts';

/** One right as Harbor's robots are given it (swagger: Access): `{resource: 'repository', action: 'push'}`. */
export interface HarborAccess {
  readonly resource: string;
  readonly action: string;
}

export interface HarborUser {
  readonly username: string;
  password: string;
  readonly sysadmin?: boolean;
}

/** A robot account (swagger: Robot). One whose name has a `+` belongs to a project. */
export interface HarborRobot {
  readonly id: number;
  /** As it signs in: `robot$line-a`, `robot$docker.io+loader`. */
  readonly name: string;
  secret: string;
  /** Seconds since 1970; -1: never. */
  expiresAt: number;
  disabled: boolean;
  permissions: readonly HarborPermission[];
}

export interface HarborPermission {
  readonly kind: 'project' | 'system';
  /** A project's name, `*`, or `/` for the system. */
  readonly namespace: string;
  readonly access: readonly HarborAccess[];
}

/** Who asks. */
export type Principal =
  | { readonly kind: 'user'; readonly user: HarborUser }
  | { readonly kind: 'robot'; readonly robot: HarborRobot }
  | { readonly kind: 'nobody' };

const GUEST = [
  '/read',
  'repository/pull',
  'repository/list',
  'artifact/read',
  'artifact/list',
  'quota/read',
  'label/read',
  'label/list',
  'scan/read',
  'tag/list',
  'accessory/list',
];
const DEVELOPER = [
  ...GUEST,
  'repository/push',
  'artifact/create',
  'artifact-label/create',
  'artifact-label/delete',
  'tag/create',
  'tag-retention/read',
];
const MAINTAINER = [
  ...DEVELOPER,
  'repository/delete',
  'label/create',
  'label/delete',
  'scan/create',
  'immutable-tag/list',
  'immutable-tag/create',
  'immutable-tag/delete',
  'tag-retention/create',
  'artifact/delete',
  'tag/delete',
];
/** `resource/action`; the project itself is the resource without a name. */
const ROLES: Readonly<Record<HarborRole, readonly string[]>> = {
  guest: GUEST,
  developer: DEVELOPER,
  maintainer: MAINTAINER,
  projectAdmin: [...MAINTAINER, '/update', '/delete', 'robot/create', 'robot/list', 'robot/delete'],
};
const SYSTEM = [
  'project/create',
  'project/list',
  'project/read',
  'project/delete',
  'quota/list',
  'quota/read',
  'system-volumes/read',
  'catalog/read',
  'robot/create',
  'robot/delete',
  'robot/list',
];

/** May they do it in the project? Robots push with a pull besides. */
export function mayInProject(
  who: Principal,
  project: HarborProject,
  resource: string,
  action: string,
): boolean {
  if (action === 'pull' && resource === 'repository' && project.metadata['public'] === 'true') return true;
  return rightsIn(who, project).has(`${resource}/${action}`);
}

/** Every `resource/action` in the project. */
export function rightsIn(who: Principal, project: HarborProject): ReadonlySet<string> {
  if (who.kind === 'nobody') return new Set();
  if (who.kind === 'user') {
    const role = who.user.sysadmin === true ? 'projectAdmin' : project.members.get(who.user.username);
    return new Set(role === undefined ? [] : ROLES[role]);
  }
  const own = who.robot.permissions.filter(
    ({ kind, namespace }) => kind === 'project' && (namespace === '*' || namespace === project.name),
  );
  return new Set(own.flatMap(({ access }) => access.flatMap(impliedBy)));
}

/** A robot names the project itself `project`. */
function impliedBy({ resource, action }: HarborAccess): string[] {
  const own = `${resource === 'project' ? '' : resource}/${action}`;
  return own === 'repository/push' ? [own, 'repository/pull'] : [own];
}

/** Every `resource/action` of the system. */
export function systemRights(who: Principal): ReadonlySet<string> {
  if (who.kind === 'user') return new Set(who.user.sysadmin === true ? SYSTEM : []);
  if (who.kind === 'nobody') return new Set();
  const own = who.robot.permissions.filter(({ kind }) => kind === 'system');
  return new Set(own.flatMap(({ access }) => access.map(({ resource, action }) => `${resource}/${action}`)));
}

export function isProjectRobot(who: Principal): boolean {
  return who.kind === 'robot' && projectOfRobot(who.robot) !== undefined;
}

/** Undefined for one of the system. */
export function projectOfRobot({ name }: Pick<HarborRobot, 'name'>): string | undefined {
  return /^robot\$([^+]+)\+/.exec(name)?.[1];
}

const NOBODY: Principal = { kind: 'nobody' };

/** Credentials that nobody has (any more) are none: whoever comes with them is answered as a stranger is. */
export function principalOf(
  request: TestRequest,
  {
    users,
    robots,
    now,
  }: {
    readonly users: readonly HarborUser[];
    readonly robots: readonly HarborRobot[];
    readonly now: () => number;
  },
): Principal {
  const given = /^basic +(.*)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (given === undefined) return NOBODY;
  const [, name = '', secret = ''] =
    /^([^:]*):([\s\S]*)$/.exec(Buffer.from(given, 'base64').toString('utf8')) ?? [];
  const user = users.find(({ username, password }) => username === name && password === secret);
  if (user !== undefined) return { kind: 'user', user };
  const robot = robots.find((one) => one.name === name && one.secret === secret);
  if (robot === undefined || robot.disabled) return NOBODY;
  const isOver = robot.expiresAt !== -1 && robot.expiresAt * 1000 <= now();
  return isOver ? NOBODY : { kind: 'robot', robot };
}
