import { bearerToken } from '../http/credentials.ts';
import type { TestRequest } from '../http/test-request.ts';
import { namespaceOf, type QuayRepositoryRole, type QuayState } from './quay-state.ts';

/** Who asks. `scopes`: of an OAuth token; absent for who signs in with a password. */
export type QuayPrincipal =
  | { readonly kind: 'user'; readonly name: string; readonly scopes?: readonly string[] }
  | { readonly kind: 'robot'; readonly name: string }
  | { readonly kind: 'nobody' };

const NOBODY: QuayPrincipal = { kind: 'nobody' };

/** By Basic credentials: a user, a robot, or `$oauthtoken` with an access token (auth/basic.py, auth/credentials.py). Undefined for credentials that nobody has. */
export function registryPrincipal(request: TestRequest, state: QuayState): QuayPrincipal | undefined {
  const given = /^basic +(.*)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (given === undefined) return NOBODY;
  const [, name = '', secret = ''] =
    /^([^:]*):([\s\S]*)$/.exec(Buffer.from(given, 'base64').toString('utf8')) ?? [];
  if (name === '$oauthtoken') return byToken(secret, state);
  if (name.includes('+'))
    return state.robots.some((robot) => robot.name === name && robot.token === secret)
      ? { kind: 'robot', name }
      : undefined;
  const user = state.users.find(({ username, password }) => username === name && password === secret);
  return user === undefined ? undefined : { kind: 'user', name };
}

/** The API takes access tokens alone: credentials of users and robots are nobody's there. */
export function apiPrincipal(request: TestRequest, state: QuayState): QuayPrincipal | undefined {
  const token = bearerToken(request);
  return token === undefined ? NOBODY : byToken(token, state);
}

function byToken(token: string, { tokens }: QuayState): QuayPrincipal | undefined {
  const found = tokens.find((each) => each.token === token);
  return found === undefined ? undefined : { kind: 'user', name: found.username, scopes: found.scopes };
}

const IMPLIED: Readonly<Record<string, readonly string[]>> = {
  'repo:read': ['repo:read', 'repo:write', 'repo:admin'],
  'repo:write': ['repo:write', 'repo:admin'],
};

export function hasScope(who: QuayPrincipal, scope: string): boolean {
  if (who.kind !== 'user' || who.scopes === undefined) return who.kind !== 'nobody';
  const { scopes } = who;
  return (IMPLIED[scope] ?? [scope]).some((each) => scopes.includes(each));
}

export function isSuperuser(who: QuayPrincipal, { users }: QuayState): boolean {
  return (
    who.kind === 'user' &&
    users.some(({ username, superuser }) => username === who.name && superuser === true)
  );
}

export function isAdminOf(who: QuayPrincipal, namespace: string, state: QuayState): boolean {
  if (who.kind === 'nobody') return false;
  if (who.name === namespace) return true;
  return state.organizations.get(namespace)?.members.get(who.name) === 'admin' && hasScope(who, 'org:admin');
}

export function isMemberOf(who: QuayPrincipal, namespace: string, state: QuayState): boolean {
  if (who.kind === 'nobody') return false;
  return who.name === namespace || (state.organizations.get(namespace)?.members.has(who.name) ?? false);
}

/** May they make repositories there? Whoever is in a team with the role creator, robots too. */
export function mayCreateIn(who: QuayPrincipal, namespace: string, state: QuayState): boolean {
  if (who.kind === 'nobody' || !hasScope(who, 'repo:create')) return false;
  if (who.name === namespace) return true;
  const role = state.organizations.get(namespace)?.members.get(who.name);
  return role === 'admin' || role === 'creator';
}

const RANK: Readonly<Record<QuayRepositoryRole, number>> = { read: 1, write: 2, admin: 3 };

export function mayIn(who: QuayPrincipal, path: string, role: QuayRepositoryRole, state: QuayState): boolean {
  if (who.kind === 'nobody' || !hasScope(who, `repo:${role}`)) return false;
  const namespace = namespaceOf(path);
  if (who.name === namespace || state.organizations.get(namespace)?.members.get(who.name) === 'admin')
    return true;
  const own = state.repositories.get(path)?.permissions.get(who.name);
  return own !== undefined && RANK[own] >= RANK[role];
}
