import { type ApiRequest, textOf } from '../git-host/api-request.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { mayCreateIn, mayIn, type QuayPrincipal } from './quay-access.ts';
import { forbidden, problem, QuayError } from './quay-error.ts';
import {
  isRepositoryName,
  namespaceOf,
  newRepository,
  type QuayRepository,
  type QuayRepositoryRole,
  type QuayState,
} from './quay-state.ts';

/** `/repository` and what is below; the name of a repository has slashes, unescaped. */
export function answerRepositories(state: QuayState, who: QuayPrincipal, request: ApiRequest): Reply {
  const [, ...parts] = request.parts;
  if (parts.length === 0) {
    if (request.method === 'POST') return makeRepository(state, who, request);
    throw new QuayError(405, 'method_not_allowed', 'Method Not Allowed');
  }
  const [name, below] = split(parts);
  if (below[0] === 'tag') return listTags(state, who, name, request);
  if (below[0] === 'permissions') return setPermission(state, who, name, below, request);
  if (request.method === 'DELETE') return removeRepository(state, who, name);
  const { path, public: isPublic, description, state: mode } = requireReadable(state, who, name);
  return jsonReply(200, {
    namespace: namespaceOf(path),
    name: path.slice(namespaceOf(path).length + 1),
    kind: 'image',
    description,
    is_public: isPublic,
    is_organization: true,
    state: mode,
    can_write: mayIn(who, path, 'write', state) && mode === 'NORMAL',
    can_admin: mayIn(who, path, 'admin', state),
  });
}

function split(parts: readonly string[]): [name: string, below: readonly string[]] {
  const at = parts.findIndex((part) => part === 'tag' || part === 'permissions');
  return at < 0 ? [parts.join('/'), []] : [parts.slice(0, at).join('/'), parts.slice(at)];
}

/** Who may not read it is told the same whether it is there or not. */
function requireReadable(state: QuayState, who: QuayPrincipal, path: string): QuayRepository {
  const repository = state.repositories.get(path);
  if (repository?.public === true) return repository;
  if (!mayIn(who, path, 'read', state)) throw forbidden(who);
  if (repository === undefined) throw new QuayError(404, 'not_found', 'Not Found');
  return repository;
}

function makeRepository(state: QuayState, who: QuayPrincipal, { body }: ApiRequest): Reply {
  const namespace = textOf(body, 'namespace') ?? '';
  const name = textOf(body, 'repository') ?? '';
  const path = `${namespace}/${name}`;
  if (!mayCreateIn(who, namespace, state) || who.kind === 'nobody') throw forbidden(who);
  if (textOf(body, 'visibility') === undefined || textOf(body, 'description') === undefined)
    throw problem("'visibility' and 'description' are required properties");
  if (state.repositories.has(path)) throw problem('Repository already exists');
  if (!isRepositoryName(name, state.settings.nestedNames)) throw problem('Invalid repository name');
  const made = newRepository(path, textOf(body, 'visibility') === 'public', textOf(body, 'description'));
  made.permissions.set(who.name, 'admin');
  state.repositories.set(path, made);
  return jsonReply(201, { namespace, name, kind: 'image' });
}

function removeRepository(state: QuayState, who: QuayPrincipal, path: string): Reply {
  if (!mayIn(who, path, 'admin', state)) throw forbidden(who);
  state.repositories.delete(path);
  state.store.remove(path);
  return { status: 204 };
}

/** A robot may only be let into what belongs to its own organisation. */
function setPermission(
  state: QuayState,
  who: QuayPrincipal,
  path: string,
  [, kind, user = '']: readonly string[],
  { body, method }: ApiRequest,
): Reply {
  if (!mayIn(who, path, 'admin', state)) throw forbidden(who);
  const repository = state.repositories.get(path);
  if (repository === undefined) throw new QuayError(404, 'not_found', 'Not Found');
  if (kind !== 'user' || method !== 'PUT')
    throw new QuayError(405, 'method_not_allowed', 'Method Not Allowed');
  if (user.includes('+') && user.split('+', 1)[0] !== namespaceOf(path))
    throw problem('Cannot add robot to an organization that is not its own');
  const role = textOf(body, 'role') as QuayRepositoryRole;
  repository.permissions.set(user, role);
  return jsonReply(200, { role, name: user, is_robot: user.includes('+') });
}

function listTags(state: QuayState, who: QuayPrincipal, path: string, { query }: ApiRequest): Reply {
  const { immutable } = requireReadable(state, who, path);
  const only = query.get('specificTag') ?? '';
  const tags = [...(state.store.find(path)?.tags ?? [])]
    .filter(([name]) => only === '' || name === only)
    .map(([name, digest]) => ({ name, manifest_digest: digest, immutable: immutable.has(name) }));
  return jsonReply(200, { tags, page: 1, has_additional: false });
}
