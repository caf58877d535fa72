import { randomUUID } from 'node:crypto';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import { mayInProject, type Principal } from './harbor-access.ts';
import { HarborError } from './harbor-error.ts';
import { projectIn } from './harbor-projects.ts';
import { type HarborState, whoAsks } from './harbor-state.ts';

/** Seconds that a token lives. */
const LIFETIME = 1800;
const ACTIONS = ['pull', 'push', 'delete'] as const;

interface Claims {
  readonly access: ReadonlyArray<{
    readonly type: string;
    readonly name: string;
    readonly actions: readonly string[];
  }>;
}

/** `/service/token`: a token that says everything the caller may do in the repositories asked for, whatever actions were asked for; nothing for a missing project, and never an error because of it. */
export function giveToken(request: TestRequest, state: HarborState, grants: Map<string, number>): Reply {
  const who = whoAsks(state, request);
  const scopes = request.query.getAll('scope').flatMap((text) => text.split(' '));
  const names = scopes.flatMap((scope) => /^repository:(.+):[a-z,*]*$/.exec(scope)?.[1] ?? []);
  if (who.kind === 'nobody' && names.length === 0) return new HarborError(401, 'unauthorized').toReply();
  const access = names.map((name) => ({ type: 'repository', name, actions: actionsIn(who, name, state) }));
  const token = encode({ access });
  grants.set(token, state.now() + LIFETIME * 1000);
  return jsonReply(200, {
    token,
    access_token: '',
    expires_in: LIFETIME,
    issued_at: new Date(state.now()).toISOString(),
  });
}

function actionsIn(who: Principal, name: string, { projects }: HarborState): string[] {
  const project = projects.get(projectIn(name));
  if (project === undefined) return [];
  const own = ACTIONS.filter((action) => mayInProject(who, project, 'repository', action));
  return own.length === ACTIONS.length ? [...own, '*'] : own;
}

/** A JSON Web Token whose signature nobody checks here. */
function encode(claims: Claims): string {
  const parts = [
    { typ: 'JWT', alg: 'RS256' },
    { iss: 'harbor-token-issuer', jti: randomUUID(), ...claims },
  ];
  const text = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${text}.${Buffer.from('signature').toString('base64url')}`;
}

export function isLiveToken(grants: ReadonlyMap<string, number>, token: string, now: number): boolean {
  return (grants.get(token) ?? 0) > now;
}

export function allowsByToken(token: string, name: string, action: string): boolean {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Claims;
  return claims.access.some((each) => each.name === name && each.actions.includes(action));
}
