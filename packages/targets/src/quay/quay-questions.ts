import { GapferryError, isGapferryError, parseJson, type Run } from '@gapferry/core';
import { askHost, listOf, memberOf, numberIn, textIn } from '../git-host/ask-host.ts';
import type { HostApi } from '../git-host/git-host.ts';

const API = '/api/v1';

/** What Quay's own pages are told (GET /config); empty where a proxy in front does not let it through. */
export interface QuaySystem {
  readonly readOnly?: boolean;
  /** May names of repositories have slashes (FEATURE_EXTENDED_REPOSITORY_NAMES)? */
  readonly nestedNames?: boolean;
}

/** Bytes. Quay refuses what comes once `used` has reached `limit`; without a limit of the type Reject it only warns. */
export interface OrganizationQuota {
  readonly limit: number;
  readonly used: number;
}

export type OrganizationLook =
  | { readonly state: 'there'; readonly isAdmin: boolean; readonly quota?: OrganizationQuota }
  | { readonly state: 'missing' | 'hidden' };

/** `closed`: why nobody pushes there. */
export type RepositoryLook =
  | { readonly state: 'there'; readonly closed?: string }
  | { readonly state: 'missing' | 'hidden' };

export async function askSystem(api: HostApi, run: Run): Promise<QuaySystem> {
  const { value } = await askHost(api, { method: 'GET', path: '/config', accept: [401, 403, 404] }, run);
  const state = textIn(value, 'registry_state');
  const nested = memberOf(memberOf(value, 'features'), 'EXTENDED_REPOSITORY_NAMES');
  return {
    ...(state !== undefined && { readOnly: state === 'readonly' }),
    ...(typeof nested === 'boolean' && { nestedNames: nested }),
  };
}

/** Proves that the API takes the token. Throws `UNAUTHORIZED`, and `CONFIG_INVALID` for what is no Quay. A token without the scope `user:read` is as good. */
export async function askCurrentUser(api: HostApi, run: Run): Promise<void> {
  const { status } = await askHost(api, { method: 'GET', path: `${API}/user/`, accept: [403, 404] }, run);
  if (status === 404) throw noQuay();
}

function noQuay(): GapferryError {
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: 'the host does not speak the API v1 of Quay',
    hint: 'check `url` of the target in site.yaml, or say `kind: registry`',
    origin: 'site',
  });
}

/** Everybody is told whether there is an organisation; members how full it is. */
export async function lookAtOrganization(api: HostApi, name: string, run: Run): Promise<OrganizationLook> {
  const path = `${API}/organization/${encodeURIComponent(name)}`;
  const { status, value } = await askHost(api, { method: 'GET', path, accept: [401, 403, 404] }, run);
  if (status === 404) return { state: 'missing' };
  if (status !== 200) return { state: 'hidden' };
  const quota = quotaIn(value);
  return {
    state: 'there',
    isAdmin: memberOf(value, 'is_admin') === true,
    ...(quota !== undefined && { quota }),
  };
}

function quotaIn(organization: unknown): OrganizationQuota | undefined {
  const [quota] = listOf(memberOf(organization, 'quotas'));
  const bytes = numberIn(quota, 'limit_bytes');
  const rejects = listOf(memberOf(quota, 'limits'))
    .filter((limit) => textIn(limit, 'type') === 'Reject')
    .flatMap((limit) => numberIn(limit, 'limit_percent') ?? []);
  const used = numberIn(memberOf(organization, 'quota_report'), 'quota_bytes');
  if (bytes === undefined || used === undefined || rejects.length === 0) return undefined;
  return { limit: Math.floor((bytes * Math.min(...rejects)) / 100), used };
}

/** Whoever may not read it is told the same whether it is there or not. Names with slashes stand in the path as they are. */
export async function lookAtRepository(api: HostApi, path: string, run: Run): Promise<RepositoryLook> {
  const question = `${API}/repository/${path}?includeTags=false`;
  const { status, value } = await askHost(
    api,
    { method: 'GET', path: question, accept: [401, 403, 404] },
    run,
  );
  if (status === 404) return { state: 'missing' };
  if (status !== 200) return { state: 'hidden' };
  const closed = closedBecause(value);
  return { state: 'there', ...(closed !== undefined && { closed }) };
}

function closedBecause(repository: unknown): string | undefined {
  const kind = textIn(repository, 'kind') ?? 'image';
  if (kind !== 'image') return `is for managing ${kind}s, and not images`;
  const state = textIn(repository, 'state');
  if (state === 'READ_ONLY') return 'is in read-only state';
  return state === 'MIRROR' ? 'mirrors another registry, and only its own robot may push there' : undefined;
}

/** The registry that an organisation caches; undefined for none, and where nobody tells. */
export async function askProxyCache(api: HostApi, name: string, run: Run): Promise<string | undefined> {
  const path = `${API}/organization/${encodeURIComponent(name)}/proxycache`;
  const { value } = await askHost(api, { method: 'GET', path, accept: [401, 403, 404] }, run);
  const upstream = textIn(value, 'upstream_registry') ?? '';
  return upstream === '' ? undefined : upstream;
}

/** Does an organisation remove tags by itself? */
export async function askPrunes(api: HostApi, name: string, run: Run): Promise<boolean> {
  const path = `${API}/organization/${encodeURIComponent(name)}/autoprunepolicy/`;
  const { value } = await askHost(api, { method: 'GET', path, accept: [401, 403, 404] }, run);
  return listOf(memberOf(value, 'policies')).length > 0;
}

export async function askImmutable(api: HostApi, path: string, tag: string, run: Run): Promise<boolean> {
  const question = `${API}/repository/${path}/tag/?specificTag=${encodeURIComponent(tag)}&onlyActiveTags=true&limit=1`;
  const { value } = await askHost(api, { method: 'GET', path: question, accept: [401, 403, 404] }, run);
  const found = listOf(memberOf(value, 'tags')).find((each) => textIn(each, 'name') === tag);
  return memberOf(found, 'immutable') === true;
}

/** Proves the credentials of whoever pushes (GET /v2/auth without a scope). Throws `UNAUTHORIZED`. */
export async function askLogin(login: HostApi, service: string, run: Run): Promise<void> {
  await askHost(login, { method: 'GET', path: `/v2/auth?service=${encodeURIComponent(service)}` }, run);
}

/** What whoever pushes may do in a repository that is there: of one that is not, the question alone would make it. Undefined where the token cannot be read. */
export async function askActions(
  login: HostApi,
  service: string,
  path: string,
  run: Run,
): Promise<readonly string[] | undefined> {
  const scope = encodeURIComponent(`repository:${path}:pull,push`);
  const question = `/v2/auth?service=${encodeURIComponent(service)}&scope=${scope}`;
  const { value } = await askHost(login, { method: 'GET', path: question, accept: [400, 403, 405] }, run);
  const [, payload = ''] = (textIn(value, 'token') ?? '').split('.');
  if (payload === '') return undefined;
  const access = listOf(memberOf(claimsIn(payload), 'access'));
  const own = access.find((each) => textIn(each, 'name') === path);
  return listOf(memberOf(own, 'actions')).filter((action) => typeof action === 'string');
}

function claimsIn(payload: string): unknown {
  try {
    return parseJson(Buffer.from(payload, 'base64url'), 'the token', { maxBytes: 65_536, maxDepth: 32 });
  } catch (error) {
    if (isGapferryError(error)) return undefined;
    throw error;
  }
}
