import { type ApiRequest, type Route, route, toApiRequest } from '../git-host/api-request.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import { type Principal, rightsIn, systemRights } from './harbor-access.ts';
import { artifactRoutes } from './harbor-artifact-api.ts';
import { HarborError } from './harbor-error.ts';
import { labelRoutes } from './harbor-label-api.ts';
import { projectRoutes } from './harbor-project-api.ts';
import { robotRoutes } from './harbor-robot-api.ts';
import { type HarborState, whoAsks } from './harbor-state.ts';
import { requireKnown, requireSystemRight } from './require-right.ts';

export const API_ROOT = '/api/v2.0';

/** Harbor's API v2.0, as far as its published description (api/v2.0/swagger.yaml) and its handlers say what loading content needs. */
export async function answerApi(request: TestRequest, state: HarborState): Promise<Reply> {
  try {
    const who = whoAsks(state, request);
    const asked = await toApiRequest(request, API_ROOT);
    return await route(
      [
        ...systemRoutes(state, who),
        ...projectRoutes(state, who),
        ...artifactRoutes(state, who),
        ...labelRoutes(state, who),
        ...robotRoutes(state, who),
      ],
      asked,
    );
  } catch (error) {
    if (error instanceof HarborError) return error.toReply();
    throw error;
  }
}

function systemRoutes(state: HarborState, who: Principal): Route[] {
  return [
    [
      'GET',
      '/health',
      () => jsonReply(200, { status: 'healthy', components: [{ name: 'core', status: 'healthy' }] }),
    ],
    ['GET', '/systeminfo', () => jsonReply(200, systemInfo(state, who))],
    ['GET', '/systeminfo/volumes', () => volumes(state, who)],
    ['GET', '/users/current/permissions', (request) => ownPermissions(state, who, request)],
    ['GET', '/users/current', () => currentUser(who)],
  ];
}

/** Strangers are told little. */
function systemInfo({ settings, now }: HarborState, who: Principal): unknown {
  const open = { auth_mode: 'db_auth', self_registration: false, harbor_version: settings.version };
  if (who.kind === 'nobody') return open;
  return {
    ...open,
    project_creation_restriction: settings.creation,
    read_only: settings.readOnly,
    registry_storage_provider_name: 'filesystem',
    current_time: new Date(now()).toISOString(),
  };
}

function volumes({ settings }: HarborState, who: Principal): Reply {
  requireSystemRight(who, 'system-volumes/read');
  if (settings.freeBytes === 'unseen') return jsonReply(200, { storage: [{ total: 0, free: 0 }] });
  return jsonReply(200, { storage: [{ total: 2 ** 40, free: settings.freeBytes }] });
}

function currentUser(who: Principal): Reply {
  requireKnown(who);
  if (who.kind !== 'user')
    throw new HarborError(412, 'get current user not available for security context: robot');
  return jsonReply(200, { username: who.user.username, sysadmin_flag: who.user.sysadmin === true });
}

/** With `relative=true` resources are said without their scope. */
function ownPermissions(state: HarborState, who: Principal, { query }: ApiRequest): Reply {
  requireKnown(who);
  const scope = query.get('scope') ?? '';
  const id = Number(/^\/project\/(\d+)$/.exec(scope)?.[1]);
  const project = [...state.projects.values()].find((each) => each.id === id);
  const rights =
    scope === '/system'
      ? systemRights(who)
      : project === undefined
        ? new Set<string>()
        : rightsIn(who, project);
  const listed = [...rights].map((right) => {
    const [resource = '', action = ''] = right.split('/');
    const whole = resource === '' ? scope : `${scope}/${resource}`;
    return { resource: query.get('relative') === 'true' ? resource : whole, action };
  });
  // Go writes a list that was never filled as null.
  return jsonReply(200, listed.length === 0 ? null : listed);
}
