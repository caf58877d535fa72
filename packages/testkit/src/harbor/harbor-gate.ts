import { bearerToken } from '../http/credentials.ts';
import type { TestRequest } from '../http/test-request.ts';
import type { Gate } from '../registry/registry-auth.ts';
import { RegistryError } from '../registry/registry-error.ts';
import type { Action } from '../registry/token-issuer.ts';
import { mayInProject } from './harbor-access.ts';
import { requirePullable } from './harbor-policies.ts';
import { type HarborProject, projectIn } from './harbor-projects.ts';
import { type HarborState, whoAsks } from './harbor-state.ts';
import { allowsByToken, isLiveToken } from './harbor-tokens.ts';

/** Who may do what below `/v2/`: with a token, or with Basic credentials directly. What is refused is answered 401, also a missing project and a robot without the permission. */
export function harborGate(
  state: HarborState,
  grants: ReadonlyMap<string, number>,
  scheme: 'http' | 'https',
): Gate {
  const challenge = (request: TestRequest, name?: string, action?: Action): string =>
    challengeOf(scheme, request, name, action);
  const allowed = (request: TestRequest, name: string, action: Action): boolean => {
    const project = state.projects.get(projectIn(name));
    if (project === undefined) return false;
    const token = bearerToken(request);
    if (token !== undefined)
      return isLiveToken(grants, token, state.now()) && allowsByToken(token, name, action);
    return mayInProject(whoAsks(state, request), project, 'repository', action);
  };
  const requireAllowed = (request: TestRequest, name: string, action: Action): HarborProject => {
    const project = state.projects.get(projectIn(name));
    // The challenge is empty: signing in would not help.
    if (project === undefined) throw unauthorized(`project ${projectIn(name)} not found`, '');
    if (allowed(request, name, action)) return project;
    throw unauthorized(
      `unauthorized to access repository: ${name}, action: ${action}`,
      challenge(request, name, action),
    );
  };
  return {
    enter(request) {
      const token = bearerToken(request);
      if (token !== undefined && isLiveToken(grants, token, state.now())) return;
      if (token !== undefined || whoAsks(state, request).kind === 'nobody')
        throw unauthorized('unauthorized', challenge(request));
    },
    require(request, name, action) {
      if (request.method === 'HEAD' && request.headers.authorization === undefined)
        throw unauthorized(
          'authorize header needed to send HEAD to repository',
          challenge(request, name, action),
        );
      const project = requireAllowed(request, name, action);
      const from = request.method === 'POST' ? request.query.get('from') : null;
      if (from !== null) requireAllowed(request, from, 'pull');
      if (action === 'pull') requirePullable(state, project, request);
      else requireWritable(state, project);
    },
    allows: allowed,
  };
}

function requireWritable({ settings }: HarborState, project: HarborProject): void {
  if (settings.readOnly)
    throw new RegistryError('DENIED', 'The system is in read only mode. Any modification is prohibited.');
  if (project.registryId !== undefined)
    throw new RegistryError(
      'METHOD_NOT_ALLOWED',
      `can not push artifact to a proxy project: ${project.name}`,
    );
}

/** Who comes with credentials is not sent to the token service. */
function challengeOf(scheme: string, request: TestRequest, name?: string, action?: Action): string {
  if (request.headers.authorization !== undefined) return 'Basic realm="harbor"';
  const actions = action === 'push' ? 'pull,push' : action;
  const scope = name === undefined ? '' : `,scope="repository:${name}:${actions}"`;
  return `Bearer realm="${scheme}://${request.headers.host}/service/token",service="harbor-registry"${scope}`;
}

function unauthorized(message: string, asks: string): RegistryError {
  return new RegistryError('UNAUTHORIZED', message, null, { 'www-authenticate': asks });
}
