import { randomUUID } from 'node:crypto';
import { bearerToken, type Credentials, hasBasic } from '../http/credentials.ts';
import type { Fault } from '../http/fault.ts';
import { startHttpServer } from '../http/http-server.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import { BlobUploads } from '../registry/blob-uploads.ts';
import { registryOver, type TestRegistry } from '../registry/registry.ts';
import type { Gate } from '../registry/registry-auth.ts';
import { RegistryError } from '../registry/registry-error.ts';
import { registryHandler } from '../registry/registry-handler.ts';
import { RegistryStore } from '../registry/registry-store.ts';
import { type GitlabFake, type GitlabFakeOptions, startGitlabFake } from './gitlab.ts';
import type { GitlabProject } from './gitlab-project.ts';

export interface GitlabRegistryOptions
  extends Omit<GitlabFakeOptions, 'directory' | 'git' | 'also' | 'faults'> {
  readonly deployTokens?: readonly DeployToken[];
  /** Of the registry. */
  readonly faults?: readonly Fault[];
}

/** It may do what its scopes say in the project or group that it is of, and is nobody for the API. */
export interface DeployToken extends Credentials {
  readonly within: string;
  readonly scopes: ReadonlyArray<'read_registry' | 'write_registry'>;
}

/** The registry of a GitLab, on a port of its own. */
export interface GitlabRegistry extends TestRegistry {
  readonly gitlab: GitlabFake;
}

type Access = {
  readonly name: string;
  readonly actions: readonly string[];
  readonly denied: readonly string[];
};

/** Starts a GitLab without repositories of Git, and the registry whose tokens it gives (`/jwt/auth`), as its documentation says: repositories lie below projects and at most two levels behind them,
 *  which is asked of the deepest project of the path; protected paths and tags, registries that are switched off, deploy tokens. */
export async function startGitlabRegistry(options: GitlabRegistryOptions): Promise<GitlabRegistry> {
  const grants = new Map<string, readonly Access[]>();
  const hosts: { gitlab?: GitlabFake } = {};
  const gitlab = await startGitlabFake({
    ...options,
    faults: [],
    directory: '',
    git: 'none',
    also: (request) =>
      request.path === '/jwt/auth' ? giveToken(request, options, hosts.gitlab, grants) : undefined,
  });
  hosts.gitlab = gitlab;
  const store = new RegistryStore();
  const uploads = new BlobUploads(store, {});
  const registry = registryHandler(store, uploads, gateOf(gitlab, grants, store), {});
  const server = await startHttpServer(registry, {
    ...(options.tls && { tls: options.tls }),
    ...(options.faults && { faults: options.faults }),
  });
  const base = registryOver(server, store, uploads, undefined);
  const close = async (): Promise<void> => {
    await Promise.all([server.close(), gitlab.close()]);
  };
  return Object.assign(base, {
    gitlab,
    close,
    [Symbol.asyncDispose]: close,
    expireTokens: () => grants.clear(),
  });
}

const ROLES: Readonly<Record<string, number>> = { maintainer: 40, owner: 50, admin: 60 };

/** Whoever is known gets a token, which says nothing of what he may not do; a push to a protected path is refused as a whole. */
function giveToken(
  request: TestRequest,
  options: GitlabRegistryOptions,
  gitlab: GitlabFake | undefined,
  grants: Map<string, readonly Access[]>,
): Reply {
  const deploy = options.deployTokens?.find((each) => hasBasic(request, each));
  if (gitlab === undefined || (deploy === undefined && !hasBasic(request, options.credentials)))
    return denied(401, 'UNAUTHORIZED', 'HTTP Basic: Access denied.');
  if (deploy !== undefined && deploy.scopes.length === 0) return denied(403, 'DENIED', 'access forbidden');
  const access: Access[] = [];
  for (const scope of request.query.getAll('scope').flatMap((text) => text.split(' '))) {
    const [, name = '', list = ''] = /^repository:(.+):([a-z*,]+)$/.exec(scope) ?? [];
    const project = projectFor(gitlab, name);
    if (project === undefined || project.registryAccess === 'disabled') continue;
    const level = levelIn(project, name, deploy);
    const asked = list.split(',');
    if (asked.includes('push') && level >= 30 && isProtected(project, name, level))
      return denied(403, 'DENIED', 'Pushing to protected repository path forbidden');
    const actions = asked.filter(
      (action) =>
        (action === 'pull' && level >= 20) ||
        (action === 'push' && level >= 30) ||
        (action === 'delete' && level >= 40),
    );
    access.push({ name, actions, denied: deniedTags(project, level) });
  }
  const parts = [
    { typ: 'JWT', alg: 'RS256' },
    {
      iss: 'omnibus-gitlab-issuer',
      jti: randomUUID(),
      access: access.map(({ name, actions }) => ({ type: 'repository', name, actions })),
    },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const token = `${parts.join('.')}.${Buffer.from('signature').toString('base64url')}`;
  grants.set(token, access);
  return jsonReply(200, { token });
}

function denied(status: number, code: string, message: string): Reply {
  return jsonReply(status, { errors: [{ code, message }] });
}

/** The longest beginning of the path that is a project, at most two parts before its end. */
function projectFor(gitlab: GitlabFake, name: string): GitlabProject | undefined {
  const parts = name.split('/');
  for (let length = parts.length; length >= Math.max(2, parts.length - 2); length--) {
    const found = gitlab.findProject(parts.slice(0, length).join('/'));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A deploy token that may write is as good as a developer. */
function levelIn({ level }: GitlabProject, name: string, deploy: DeployToken | undefined): number {
  if (deploy === undefined) return level;
  if (name !== deploy.within && !name.startsWith(`${deploy.within}/`)) return 0;
  return deploy.scopes.includes('write_registry') ? 30 : 20;
}

function isProtected({ registryRules }: GitlabProject, name: string, level: number): boolean {
  return registryRules.some(({ repository_path_pattern: pattern, minimum_access_level_for_push: role }) => {
    const parts = pattern.split('*').map((part) => part.replace(/[$()*+.?[\\\]^{|}/]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`).test(name) && level < (ROLES[role ?? ''] ?? 0);
  });
}

function deniedTags({ registryTagRules }: GitlabProject, level: number): readonly string[] {
  return registryTagRules
    .filter(({ minimum_access_level_for_push: role }) => role !== null && level < (ROLES[role] ?? 0))
    .map(({ tag_name_pattern }) => tag_name_pattern);
}

function gateOf(
  gitlab: GitlabFake,
  grants: ReadonlyMap<string, readonly Access[]>,
  store: RegistryStore,
): Gate {
  const find = (request: TestRequest, name: string): Access | undefined =>
    grants.get(bearerToken(request) ?? '')?.find((each) => each.name === name);
  const challenge = (scope: string): RegistryError =>
    new RegistryError('UNAUTHORIZED', 'authentication required', null, {
      'www-authenticate': `Bearer realm="${gitlab.url}/jwt/auth",service="container_registry"${scope}`,
    });
  return {
    allows: (request, name, action) => find(request, name)?.actions.includes(action) ?? false,
    enter(request) {
      if (!grants.has(bearerToken(request) ?? '')) throw challenge('');
    },
    require(request, name, action) {
      const found = find(request, name);
      if (found?.actions.includes(action) !== true)
        throw challenge(`,scope="repository:${name}:${action === 'push' ? 'pull,push' : action}"`);
      const tag = request.method === 'PUT' ? /\/manifests\/([^/:]+)$/.exec(request.path)?.[1] : undefined;
      if (tag === undefined) return;
      if (found.denied.some((pattern) => toExpression(pattern).test(tag)))
        throw new RegistryError(
          'DENIED',
          `requested access to the resource is denied: tag ${tag} is protected`,
        );
      const stands = store.find(name)?.tags.has(tag) === true;
      if (stands && isKept(projectFor(gitlab, name), tag))
        throw new RegistryError(
          'DENIED',
          `requested access to the resource is denied: tag ${tag} is immutable`,
        );
    },
  };
}

/** Of RE2 it knows `(?i)` in front. */
function toExpression(pattern: string): RegExp {
  return pattern.startsWith('(?i)') ? new RegExp(pattern.slice(4), 'i') : new RegExp(pattern);
}

function isKept(project: GitlabProject | undefined, tag: string): boolean {
  return (project?.registryTagRules ?? []).some(
    ({ tag_name_pattern, minimum_access_level_for_push: role }) =>
      role === null && toExpression(tag_name_pattern).test(tag),
  );
}
