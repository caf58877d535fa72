import { bearerToken } from '../http/credentials.ts';
import type { TestRequest } from '../http/test-request.ts';
import type { Gate } from '../registry/registry-auth.ts';
import { RegistryError } from '../registry/registry-error.ts';
import type { Action } from '../registry/token-issuer.ts';
import { isFull, namespaceOf, type QuayState } from './quay-state.ts';
import type { QuayGrants } from './quay-tokens.ts';

/** Who may do what below `/v2/` (endpoints/v2/__init__.py, blob.py, manifest.py): by tokens alone. Whatever the token does not allow is answered 401, also what is not there. */
export function quayGate(state: QuayState, grants: QuayGrants, scheme: 'http' | 'https'): Gate {
  const allows = (request: TestRequest, name: string, action: Action): boolean => {
    const token = bearerToken(request) ?? '';
    const wanted = action === 'delete' ? 'push' : action;
    return grants.get(token)?.some((each) => each.name === name && each.actions.includes(wanted)) ?? false;
  };
  return {
    allows,
    enter(request) {
      if (!grants.has(bearerToken(request) ?? '')) throw unauthorized(scheme, request, '');
    },
    require(request, name, action) {
      const actions = action === 'pull' ? 'pull' : 'pull,push';
      if (!allows(request, name, action))
        throw unauthorized(scheme, request, `,scope="repository:${name}:${actions}"`);
      if (!state.repositories.has(name)) throw new RegistryError('NAME_UNKNOWN', 'repository not found', {});
      if (action !== 'pull') requireWritable(state, name);
      if (request.method === 'POST') requireRoom(state, name);
      if (request.method === 'PUT') requireMutable(state, request, name);
    },
  };
}

function requireWritable({ settings, organizations }: QuayState, name: string): void {
  if (settings.readOnly)
    throw new RegistryError(
      'DENIED',
      'System is currently read-only. Pulls will succeed but all write operations are currently suspended.',
      {},
      {},
      405,
    );
  if (organizations.get(namespaceOf(name))?.proxyOf !== undefined)
    throw new RegistryError('UNSUPPORTED', 'The operation is unsupported.', {});
}

/** Looked at when an upload begins, and again when a tag is set. */
function requireRoom(state: QuayState, name: string): void {
  if (isFull(state, namespaceOf(name)))
    throw new RegistryError('DENIED', 'Quota has been exceeded on namespace', {});
}

function requireMutable(state: QuayState, request: TestRequest, name: string): void {
  const tag = /\/manifests\/([^/:]+)$/.exec(request.path)?.[1];
  if (tag === undefined) return;
  requireRoom(state, name);
  const stands = state.store.find(name)?.tags.has(tag) === true;
  if (stands && state.repositories.get(name)?.immutable.has(tag) === true)
    throw new RegistryError('TAG_IMMUTABLE', `Tag ${tag} is immutable`, {});
}

function unauthorized(scheme: string, request: TestRequest, scope: string): RegistryError {
  const { host } = request.headers;
  return new RegistryError(
    'UNAUTHORIZED',
    'access to the requested resource is not authorized',
    {},
    {
      'www-authenticate': `Bearer realm="${scheme}://${host}/v2/auth",service="${host}"${scope}`,
    },
  );
}
