import { randomBytes } from 'node:crypto';
import { type ApiRequest, type Route, textOf } from '../git-host/api-request.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { type HarborPermission, type HarborRobot, type Principal, projectOfRobot } from './harbor-access.ts';
import { HarborError } from './harbor-error.ts';
import type { HarborState } from './harbor-state.ts';
import { requireRight, requireSystemRight } from './require-right.ts';

export function robotRoutes(state: HarborState, who: Principal): Route[] {
  return [
    ['POST', '/robots', (request) => createRobot(state, who, request)],
    ['DELETE', '/robots/:id', (_, [id = '']) => deleteRobot(state, who, Number(id))],
  ];
}

/** The secret is told once. */
function createRobot(state: HarborState, who: Principal, { body }: ApiRequest): Reply {
  const permissions = (body['permissions'] ?? []) as readonly HarborPermission[];
  const level = textOf(body, 'level');
  const project = permissions[0]?.namespace ?? '';
  if (level === 'system') requireSystemRight(who, 'robot/create');
  else requireRight(state, who, project, 'robot/create');
  const name = `robot$${level === 'system' ? '' : `${project}+`}${textOf(body, 'name') ?? ''}`;
  if (state.robots.some((robot) => robot.name === name))
    throw new HarborError(409, `robot ${name} already exists`);
  const days = Number(body['duration'] ?? -1);
  const robot: HarborRobot = {
    id: state.nextId(),
    name,
    secret: randomBytes(16).toString('base64url'),
    expiresAt: days === -1 ? -1 : Math.floor(state.now() / 1000) + days * 86_400,
    disabled: false,
    permissions,
  };
  state.robots.push(robot);
  return jsonReply(201, { id: robot.id, name, secret: robot.secret, expires_at: robot.expiresAt });
}

function deleteRobot(state: HarborState, who: Principal, id: number): Reply {
  const at = state.robots.findIndex((robot) => robot.id === id);
  const robot = state.robots[at];
  if (robot === undefined) throw new HarborError(404, `robot ${id} not found`);
  const project = projectOfRobot(robot);
  if (project === undefined) requireSystemRight(who, 'robot/delete');
  else requireRight(state, who, project, 'robot/delete');
  state.robots.splice(at, 1);
  return { status: 200 };
}
