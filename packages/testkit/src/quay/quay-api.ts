import { type ApiRequest, type Route, route, textOf, toApiRequest } from '../git-host/api-request.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import {
  apiPrincipal,
  hasScope,
  isAdminOf,
  isMemberOf,
  isSuperuser,
  type QuayPrincipal,
} from './quay-access.ts';
import { forbidden, problem, QuayError } from './quay-error.ts';
import { answerRepositories } from './quay-repository-api.ts';
import { isNamespace, type QuayOrganization, type QuayState, usedBytes } from './quay-state.ts';

export const QUAY_API = '/api/v1';

/** Quay's API v1, as far as its published description and its handlers (endpoints/api: organization, namespacequota, policy, robot, repository, permission, tag) say what loading content needs.
 *  It takes access tokens alone; whoever is known and may not is answered 403, everybody else 401. */
export async function answerQuayApi(request: TestRequest, state: QuayState): Promise<Reply> {
  try {
    const who = apiPrincipal(request, state);
    if (who === undefined)
      throw new QuayError(401, 'invalid_token', 'OAuth access token could not be validated');
    const asked = await toApiRequest(request, QUAY_API);
    if (asked.parts[0] === 'repository') return answerRepositories(state, who, asked);
    return await route(routes(state, who), asked);
  } catch (error) {
    if (error instanceof QuayError) return error.toReply();
    throw error;
  }
}

const ORGANIZATION = '/organization/:name';

function routes(state: QuayState, who: QuayPrincipal): Route[] {
  const within =
    (act: (organization: QuayOrganization, request: ApiRequest, args: string[]) => Reply): Route[2] =>
    (request, [name = '', ...args]) => {
      const organization = state.organizations.get(name);
      if (organization === undefined) throw new QuayError(404, 'not_found', 'Not Found');
      return act(organization, request, args);
    };
  const asAdmin: typeof within = (act) =>
    within((organization, request, args) => {
      if (!isAdminOf(who, organization.name, state)) throw forbidden(who);
      return act(organization, request, args);
    });
  return [
    ['GET', '/user/', () => currentUser(who)],
    ['POST', '/organization/', (request) => makeOrganization(state, who, request)],
    ['GET', ORGANIZATION, within((each) => jsonReply(200, view(state, who, each)))],
    ['DELETE', ORGANIZATION, asAdmin((each) => removeOrganization(state, each))],
    ['GET', `${ORGANIZATION}/proxycache`, within((each) => proxyCache(state, who, each))],
    ['GET', `${ORGANIZATION}/autoprunepolicy/`, asAdmin((each) => prunePolicies(state, each))],
    ['GET', `${ORGANIZATION}/quota`, within((each) => listQuotas(state, who, each))],
    ['POST', `${ORGANIZATION}/quota`, within((each, request) => addQuota(state, who, each, request))],
    [
      'POST',
      `${ORGANIZATION}/quota/:id/limit`,
      within((each, request) => addLimit(state, who, each, request)),
    ],
    ['PUT', `${ORGANIZATION}/robots/:robot`, asAdmin((each, _, [name = '']) => addRobot(state, each, name))],
    [
      'DELETE',
      `${ORGANIZATION}/robots/:robot`,
      asAdmin((each, _, [name = '']) => removeRobot(state, each, name)),
    ],
  ];
}

function currentUser(who: QuayPrincipal): Reply {
  if (who.kind !== 'user') throw forbidden(who);
  if (!hasScope(who, 'user:read') && !hasScope(who, 'user:admin')) throw forbidden(who);
  return jsonReply(200, { anonymous: false, username: who.name });
}

/** Needs the scope `user:admin`, and the superuser where only they make organisations. */
function makeOrganization(state: QuayState, who: QuayPrincipal, { body }: ApiRequest): Reply {
  if (who.kind !== 'user' || !hasScope(who, 'user:admin')) throw forbidden(who);
  if (state.settings.superusersMakeOrganizations && !isSuperuser(who, state)) throw forbidden(who);
  const name = textOf(body, 'name') ?? '';
  if (state.organizations.has(name) || state.users.some(({ username }) => username === name))
    throw problem('A user or organization with this name already exists');
  if (state.settings.mails && textOf(body, 'email') === undefined) throw problem('Email address is required');
  if (!isNamespace(name)) throw problem(`Invalid organization name: ${name}`);
  state.organizations.set(name, { name, members: new Map([[who.name, 'admin']]), prunes: [] });
  return jsonReply(201, 'Created');
}

/** Quotas are for members. */
function view(state: QuayState, who: QuayPrincipal, { name, quota }: QuayOrganization): unknown {
  const isMember = isMemberOf(who, name, state);
  const limits =
    quota?.rejectPercent === undefined ? [] : [{ id: 1, type: 'Reject', limit_percent: quota.rejectPercent }];
  return {
    name,
    is_admin: isAdminOf(who, name, state),
    is_member: isMember,
    ...(isMember &&
      state.settings.quotas && {
        quotas: quota === undefined ? [] : [{ id: quota.id, limit_bytes: quota.limit, limits }],
        quota_report: { quota_bytes: usedBytes(state, name), configured_quota: quota?.limit ?? null },
      }),
  };
}

function removeOrganization(
  { organizations, repositories, store }: QuayState,
  { name }: QuayOrganization,
): Reply {
  organizations.delete(name);
  for (const path of [...repositories.keys()].filter((each) => each.startsWith(`${name}/`))) {
    repositories.delete(path);
    store.remove(path);
  }
  return { status: 204 };
}

function proxyCache(state: QuayState, who: QuayPrincipal, { name, proxyOf = '' }: QuayOrganization): Reply {
  if (!state.settings.proxyCaches) throw new QuayError(404, 'not_found', 'Not Found');
  if (!isMemberOf(who, name, state)) throw forbidden(who);
  return jsonReply(200, { upstream_registry: proxyOf, expiration_s: '', insecure: '' });
}

function prunePolicies({ settings }: QuayState, { prunes }: QuayOrganization): Reply {
  if (!settings.autoPrune) throw new QuayError(404, 'not_found', 'Not Found');
  return jsonReply(200, { policies: prunes.map((policy, i) => ({ uuid: `policy-${i}`, ...policy })) });
}

function listQuotas(state: QuayState, who: QuayPrincipal, { name, quota }: QuayOrganization): Reply {
  if (!state.settings.quotas) throw new QuayError(404, 'not_found', 'Not Found');
  if (!isMemberOf(who, name, state)) throw forbidden(who);
  return jsonReply(200, quota === undefined ? [] : [{ id: quota.id, limit_bytes: quota.limit, limits: [] }]);
}

/** Needs the scope `super:user`, and the superuser (or an administrator of the organisation, where the system has no quota of its own). */
function addQuota(
  state: QuayState,
  who: QuayPrincipal,
  organization: QuayOrganization,
  { body }: ApiRequest,
): Reply {
  requireSuperuser(state, who);
  if (organization.quota !== undefined)
    throw problem(`Organization quota for '${organization.name}' already exists`);
  organization.quota = { id: state.nextId(), limit: Number(body['limit_bytes']) };
  return jsonReply(201, 'Created');
}

function addLimit(
  state: QuayState,
  who: QuayPrincipal,
  { quota }: QuayOrganization,
  { body }: ApiRequest,
): Reply {
  requireSuperuser(state, who);
  if (quota === undefined) throw new QuayError(404, 'not_found', 'Not Found');
  if (textOf(body, 'type') === 'Reject') quota.rejectPercent = Number(body['threshold_percent']);
  return jsonReply(201, 'Created');
}

function requireSuperuser(state: QuayState, who: QuayPrincipal): void {
  if (!state.settings.quotas) throw new QuayError(404, 'not_found', 'Not Found');
  if (!isSuperuser(who, state) || !hasScope(who, 'super:user')) throw forbidden(who);
}

function addRobot(state: QuayState, { name }: QuayOrganization, short: string): Reply {
  const robot = { name: `${name}+${short}`, token: `robot-token-${state.nextId()}` };
  if (state.robots.some((each) => each.name === robot.name))
    throw problem(`Existing robot with name: ${robot.name}`);
  state.robots.push(robot);
  return jsonReply(201, robot);
}

function removeRobot({ robots }: QuayState, { name }: QuayOrganization, short: string): Reply {
  const at = robots.findIndex((each) => each.name === `${name}+${short}`);
  if (at < 0) throw problem('Could not find robot with specified username');
  robots.splice(at, 1);
  return { status: 204 };
}
