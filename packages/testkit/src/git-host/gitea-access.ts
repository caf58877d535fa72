import { jsonReply, type Reply } from '../http/reply.ts';
import type { ApiRequest, Route } from './api-request.ts';

/** What an access token, its user and the site are let do; all of it unless said. Seen at Gitea 1.26. */
export interface GiteaAccess {
  /** Of the token: `read:repository`, `write:organization`; `write` covers `read`. */
  readonly scopes?: readonly string[];
  readonly mayMakeOrganisations?: boolean;
  /** In all (`max_repo_creation`). */
  readonly maxRepositories?: number;
  /** Default 1.26.0. */
  readonly version?: string;
  /** False: as old ones, it lets a repository be called `-`. */
  readonly keepsDash?: boolean;
  /** As GET /settings/repository names them: `lfs_disabled`. */
  readonly switchedOff?: readonly string[];
}

/** Names that models/user keeps for its own pages, as far as tests ask for them. */
const RESERVED = new Set(['api', 'admin', 'assets', 'user', 'v2']);

export function isReservedOwner(name: string): boolean {
  return RESERVED.has(name.toLowerCase()) || /\.(?:keys|gpg|rss|atom|png)$/i.test(name);
}

const NAME = /^(?=.{1,100}$)[-.\w]+$/;

/** models/repo/repo.go: `.` and `..` were always kept, `-` only since there are addresses behind it. */
export function isUsableName(name: string, { keepsDash = true }: GiteaAccess = {}): boolean {
  const isKept = name === '.' || name === '..' || (keepsDash && name === '-');
  return NAME.test(name) && !isKept && !/\.(?:git|wiki|rss|atom)$/i.test(name);
}

export function hasScope({ scopes }: GiteaAccess = {}, wanted: string): boolean {
  return scopes?.some((scope) => scope === wanted || scope === wanted.replace(/^read:/, 'write:')) ?? true;
}

/** routers/api/v1/api.go, tokenRequiresScopes: by the first part of the path, and whether something changes; POST /user/repos wants two. */
export function outOfScope(
  { method, parts }: Pick<ApiRequest, 'method' | 'parts'>,
  access: GiteaAccess = {},
): Reply | undefined {
  const level = method === 'GET' || method === 'HEAD' ? 'read' : 'write';
  const [first = '', second] = parts;
  const categories =
    first === 'user' && second === 'repos' ? ['user', 'repository'] : [CATEGORIES[first] ?? []].flat();
  const lacking = categories.map((each) => `${level}:${each}`).find((scope) => !hasScope(access, scope));
  if (lacking === undefined) return undefined;
  const message = `token does not have at least one of required scope(s), required=[${lacking}], token scope=${access.scopes?.join(',')}`;
  return jsonReply(403, { message });
}

const CATEGORIES: Readonly<Record<string, string>> = {
  user: 'user',
  users: 'user',
  orgs: 'organization',
  repos: 'repository',
  admin: 'admin',
};

export function aboutRoutes({ version = '1.26.0', switchedOff = [] }: GiteaAccess = {}): Route[] {
  const names = ['mirrors_disabled', 'http_git_disabled', 'migrations_disabled', 'lfs_disabled'];
  const switches = Object.fromEntries(names.map((name) => [name, switchedOff.includes(name)]));
  return [
    ['GET', '/version', () => jsonReply(200, { version })],
    ['GET', '/settings/repository', () => jsonReply(200, switches)],
  ];
}
