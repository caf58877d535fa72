import { GapferryError, isGapferryError, parseJson, type Run } from '@gapferry/core';
import { askHost, listOf, memberOf, numberIn, textIn } from '../git-host/ask-host.ts';
import type { HostApi } from '../git-host/git-host.ts';
import { levelOf } from '../git-host/gitlab-protections.ts';

/** `missing`: or not for whoever the token is of; `hidden`: nobody may be asked. */
export type ProjectLook =
  | { readonly state: 'there'; readonly project: RegistryProject }
  | { readonly state: 'missing' | 'hidden' };

export interface RegistryProject {
  readonly path: string;
  /** Why nothing may be pushed there: `is archived`. */
  readonly closed?: string;
  readonly isSwitchedOff: boolean;
  /** Access level of whoever the API is asked as: 40 is a maintainer. */
  readonly level: number;
  readonly cleanup?: CleanupPolicy;
}

/** What GitLab removes by itself; expressions are for whole tags. */
export interface CleanupPolicy {
  readonly removes: string;
  readonly keeps: string;
}

/** Does the API take who asks? A deploy token is nobody there. Throws `CONFIG_INVALID` for what is no GitLab. */
export async function askAccount(api: HostApi, run: Run): Promise<boolean> {
  const { status, value } = await askHost(
    api,
    { method: 'GET', path: '/user', accept: [401, 403, 404] },
    run,
  );
  if (status === 404) throw noGitlab();
  return status === 200 && numberIn(value, 'id') !== undefined;
}

function noGitlab(): GapferryError {
  return new GapferryError({
    code: 'CONFIG_INVALID',
    message: 'the host does not speak the API v4 of GitLab',
    hint: 'check `gitlab` of the target in site.yaml: the address of its web pages, with the path before them if there is one',
    origin: 'site',
  });
}

export async function lookAtProject(api: HostApi, path: string, run: Run): Promise<ProjectLook> {
  const question = { method: 'GET', path: `/projects/${encodeURIComponent(path)}`, accept: [404] } as const;
  const { status, value } = await askHost(api, question, run);
  if (status === 404) return { state: 'missing' };
  const closed = closedBecause(value, path);
  const cleanup = cleanupIn(value);
  const access = textIn(value, 'container_registry_access_level');
  return {
    state: 'there',
    project: {
      path,
      isSwitchedOff: access === 'disabled' || memberOf(value, 'container_registry_enabled') === false,
      level: levelOf(value),
      ...(closed !== undefined && { closed }),
      ...(cleanup !== undefined && { cleanup }),
    },
  };
}

function closedBecause(project: unknown, path: string): string | undefined {
  const name = textIn(project, 'path_with_namespace') ?? path;
  if (name.toLowerCase() !== path.toLowerCase()) return `was moved to ${name}`;
  if (memberOf(project, 'archived') === true) return 'is archived';
  return typeof memberOf(project, 'marked_for_deletion_on') === 'string'
    ? 'is marked for deletion'
    : undefined;
}

function cleanupIn(project: unknown): CleanupPolicy | undefined {
  const policy = memberOf(project, 'container_expiration_policy');
  if (memberOf(policy, 'enabled') !== true) return undefined;
  const removes = textIn(policy, 'name_regex_delete') ?? textIn(policy, 'name_regex') ?? '';
  return { removes, keeps: textIn(policy, 'name_regex_keep') ?? '' };
}

/** A rule about tags of a project; without a level nobody moves such a tag. */
export interface TagRule {
  readonly pattern: string;
  readonly level?: number;
}

const LEVELS: Readonly<Record<string, number>> = { maintainer: 40, owner: 50, admin: 60 };

/** Since GitLab 18.8, for maintainers; none where it does not tell. */
export async function askTagRules(api: HostApi, project: string, run: Run): Promise<readonly TagRule[]> {
  const path = `/projects/${encodeURIComponent(project)}/registry/protection/tag/rules`;
  const { value } = await askHost(api, { method: 'GET', path, accept: [401, 403, 404] }, run);
  return listOf(value).flatMap((rule) => {
    const pattern = textIn(rule, 'tag_name_pattern');
    const level = LEVELS[textIn(rule, 'minimum_access_level_for_push') ?? ''];
    return pattern === undefined ? [] : [{ pattern, ...(level !== undefined && { level }) }];
  });
}

/** Proves the credentials of whoever pushes. Throws `UNAUTHORIZED`. */
export async function askLogin(login: HostApi, run: Run): Promise<void> {
  await askHost(login, { method: 'GET', path: '/jwt/auth?service=container_registry' }, run);
}

export interface RegistryActions {
  readonly actions: readonly string[];
  /** GitLab's own words, where it refuses the question as a whole. */
  readonly words?: string;
}

/** What whoever pushes may do in a repository: GitLab says nothing of what is not there. Changes nothing. */
export async function askActions(login: HostApi, path: string, run: Run): Promise<RegistryActions> {
  const scope = encodeURIComponent(`repository:${path}:pull,push`);
  const question = `/jwt/auth?service=container_registry&scope=${scope}`;
  const { status, value } = await askHost(login, { method: 'GET', path: question, accept: [403, 404] }, run);
  if (status !== 200) {
    const [error] = listOf(memberOf(value, 'errors'));
    const words = textIn(error, 'message');
    return { actions: [], ...(words !== undefined && { words: words.slice(0, 200) }) };
  }
  const [, payload = ''] = (textIn(value, 'token') ?? '').split('.');
  const own = listOf(memberOf(claimsIn(payload), 'access')).find((each) => textIn(each, 'name') === path);
  const actions = listOf(memberOf(own, 'actions')).filter((action) => typeof action === 'string');
  return { actions };
}

function claimsIn(payload: string): unknown {
  try {
    return parseJson(Buffer.from(payload, 'base64url'), 'the token', { maxBytes: 262_144, maxDepth: 32 });
  } catch (error) {
    if (isGapferryError(error)) return undefined;
    throw error;
  }
}
