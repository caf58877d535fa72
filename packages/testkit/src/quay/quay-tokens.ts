import { randomUUID } from 'node:crypto';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import { RegistryError } from '../registry/registry-error.ts';
import { mayCreateIn, mayIn, type QuayPrincipal, registryPrincipal } from './quay-access.ts';
import { isNamespace, isRepositoryName, namespaceOf, newRepository, type QuayState } from './quay-state.ts';

interface Access {
  readonly name: string;
  readonly actions: readonly string[];
}

export type QuayGrants = Map<string, readonly Access[]>;

/** `/v2/auth` (endpoints/v2/v2auth.py): a token without `expires_in` that says what of the asked the caller may do. Asking for push is what makes a missing repository;
 *  a scope with any other action than push, pull and * is refused as a whole. */
export function giveToken(request: TestRequest, state: QuayState, grants: QuayGrants): Reply {
  try {
    const who = registryPrincipal(request, state);
    const scopes = request.query.getAll('scope');
    if (who === undefined) throw new RegistryError('UNAUTHORIZED', 'Invalid Username or Password', {});
    if (who.kind === 'nobody' && scopes.length === 0) throw new RegistryError('UNAUTHORIZED', 'anonymous');
    const access = scopes.filter((scope) => scope !== '').map((scope) => authorize(scope, who, state));
    const parts = [
      { typ: 'JWT', alg: 'RS256' },
      { iss: 'quay', jti: randomUUID(), access: access.map((each) => ({ type: 'repository', ...each })) },
    ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    const token = `${parts.join('.')}.${Buffer.from('signature').toString('base64url')}`;
    grants.set(token, access);
    return jsonReply(200, { token });
  } catch (error) {
    if (error instanceof RegistryError) return error.toReply();
    throw error;
  }
}

const SCOPE = /^repository:((?:[.a-zA-Z0-9_-]+\/)*[.a-zA-Z0-9_-]+):((?:push|pull|\*)(?:,(?:push|pull|\*))*)$/;

function authorize(scope: string, who: QuayPrincipal, state: QuayState): Access {
  const [, name = '', list = ''] = SCOPE.exec(scope) ?? [];
  if (name === '')
    throw new RegistryError('NAME_INVALID', `Unable to decode repository and actions: ${scope}`, {}, {}, 400);
  const namespace = namespaceOf(name);
  const rest = name.slice(namespace.length + 1);
  if (!isRepositoryName(rest, state.settings.nestedNames))
    throw new RegistryError('NAME_INVALID', `Nested repositories are not supported. Found: ${name}`);
  if (state.organizations.get(namespace)?.disabled === true)
    throw new RegistryError('DENIED', `Namespace ${namespace} has been disabled.`, {}, {}, 405);
  const asked = list.split(',');
  const push = asked.includes('push') && mayPush(name, who, state);
  const pull = asked.includes('pull') && mayPull(name, who, state);
  return { name, actions: [...(push ? ['push'] : []), ...(pull ? ['pull'] : [])] };
}

/** "Push-to-create": whoever may make the repository has made it by asking. */
function mayPush(name: string, who: QuayPrincipal, state: QuayState): boolean {
  const repository = state.repositories.get(name);
  if (repository !== undefined) return mayIn(who, name, 'write', state) && repository.state === 'NORMAL';
  const namespace = namespaceOf(name);
  const { organizationOnPush, privateOnPush } = state.settings;
  if (
    organizationOnPush &&
    who.kind === 'user' &&
    !state.organizations.has(namespace) &&
    isNamespace(namespace) &&
    !state.users.some(({ username }) => username === namespace)
  )
    state.organizations.set(namespace, {
      name: namespace,
      members: new Map([[who.name, 'admin']]),
      prunes: [],
    });
  if (who.kind === 'nobody' || !mayCreateIn(who, namespace, state)) return false;
  const made = newRepository(name, !privateOnPush);
  made.permissions.set(who.name, 'admin');
  state.repositories.set(name, made);
  return true;
}

function mayPull(name: string, who: QuayPrincipal, state: QuayState): boolean {
  return state.repositories.get(name)?.public === true || mayIn(who, name, 'read', state);
}
