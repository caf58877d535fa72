import { GapferryError, type Run } from '@gapferry/core';
import pLimit from 'p-limit';
import { askHost, listOf, memberOf, numberIn, textIn } from './ask-host.ts';
import { cannotMake } from './cannot-make.ts';
import type { GitHost, HostApi, HostedRepository, NewRepository, RepositoryFacts } from './git-host.ts';
import { findGroup, type GitlabGroup } from './gitlab-groups.ts';
import { type GitlabAccount, judgeGitlab } from './gitlab-judgement.ts';
import { gitlabProtections, levelOf } from './gitlab-protections.ts';
import { mapGitRepository, unmapped } from './map-git-repository.ts';

export interface GitlabHostOptions {
  /** Where git reaches repositories. No slash at the end. */
  readonly gitUrl: string;
  /** See `mapGitRepository`; all parts but the last are groups. */
  readonly template: string;
  readonly visibility: 'private' | 'internal' | 'public';
  /** `…/api/v4`. */
  readonly api: HostApi;
}

/** GitLab (REST API v4). */
export function gitlabHost(options: GitlabHostOptions): GitHost {
  const { gitUrl, template, api, visibility } = options;
  // Two repositories of one import want the same groups: the second finds what the first has made.
  const turn = pLimit(1);
  let me: Promise<GitlabAccount> | undefined;
  const whoAmI = (run: Run): Promise<GitlabAccount> => {
    me ??= readAccount(api, run).catch((error: unknown) => {
      me = undefined;
      throw error;
    });
    return me;
  };
  return {
    hasHead: true,
    // A project has no homepage but its own page.
    takesOf: ({ homepage: _none, ...about }) => about,
    pathOf: (repository) => gitlabPath(template, repository),
    urlOf: (path) => `${gitUrl}/${path}.git`,
    begin: async (run) => void (await whoAmI(run)),
    look: async (path, run) => {
      const project = await readProject(api, path, run);
      return project === undefined ? undefined : toRepository(project, path);
    },
    judge: async (wanted, run) => await judgeGitlab({ api, visibility }, wanted, await whoAmI(run), run),
    create: (path, wanted, run) => turn(() => create(options, path, wanted, run)),
    protections: async (path, run) => {
      const project = await readProject(api, path, run);
      return project === undefined ? [] : gitlabProtections(api, path, levelOf(project), run);
    },
    settle: (path, wanted, run) => settle(api, path, wanted, run),
    carryOut: async (requests, run) => {
      for (const request of requests) await askHost(api, request, run);
    },
  };
}

/** `group/…/name`. Pure. Throws `NAME_UNSAFE`. */
export function gitlabPath(template: string, repository: string): string {
  return requirePath(mapGitRepository(template, repository));
}

async function readAccount(api: HostApi, run: Run): Promise<GitlabAccount> {
  const { value } = await askHost(api, { method: 'GET', path: '/user' }, run);
  const id = numberIn(value, 'id');
  if (id === undefined) throw strange();
  const mayMakeGroups = memberOf(value, 'can_create_group');
  return {
    id,
    name: textIn(value, 'username') ?? `user ${id}`,
    isAdmin: memberOf(value, 'is_admin') === true,
    ...(typeof mayMakeGroups === 'boolean' && { mayMakeGroups }),
  };
}

function strange(): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    origin: 'target',
    message: 'the host does not answer /user as GitLab does',
    hint: 'check `kind` and `url` of the target: the address of its web pages, with the path before them if there is one',
  });
}

async function readProject(api: HostApi, path: string, run: Run): Promise<unknown> {
  const question = { method: 'GET', path: `/projects/${encodeURIComponent(path)}`, accept: [404] } as const;
  const { status, value } = await askHost(api, question, run);
  return status === 404 ? undefined : value;
}

function toRepository(project: unknown, path: string): HostedRepository {
  const branch = textIn(project, 'default_branch') ?? '';
  const closed = closedBecause(project, path);
  return {
    description: textIn(project, 'description') ?? '',
    topics: listOf(memberOf(project, 'topics')).filter((topic) => typeof topic === 'string'),
    ...(branch !== '' && { head: `refs/heads/${branch}` }),
    ...(closed !== undefined && { closed }),
    ...(levelOf(project) < DEVELOPER && { mayPush: false as const }),
    ...(memberOf(project, 'lfs_enabled') === false && { noLfs: true as const }),
  };
}

/** Reporters and below may not push (GitLab, "Roles and permissions"). */
const DEVELOPER = 30;

function closedBecause(project: unknown, path: string): string | undefined {
  const name = textIn(project, 'path_with_namespace') ?? '';
  if (name.toLowerCase() !== path.toLowerCase()) return `it was moved to ${name}`;
  if (memberOf(project, 'archived') === true) return 'it is archived';
  if (typeof memberOf(project, 'marked_for_deletion_on') === 'string') return 'it is marked for deletion';
  if (memberOf(project, 'mirror') === true) return 'it is a pull mirror, which the host itself keeps';
  if (textIn(project, 'repository_access_level') === 'disabled') return 'its repository is switched off';
  return undefined;
}

function notOurs(path: string, why: string): GapferryError {
  const hint = 'let somebody make it, or choose another `path` in site.yaml';
  return cannotMake('project', { path, why, hint });
}

async function create(
  { api, visibility }: GitlabHostOptions,
  path: string,
  { description, objectFormat }: NewRepository,
  run: Run,
): Promise<void> {
  if (objectFormat === 'sha256') throw notOurs(path, 'GitLab keeps projects with sha1 object ids only');
  const group = await makeGroups(api, path, visibility, run);
  const name = path.slice(path.lastIndexOf('/') + 1);
  const body = {
    name,
    path: name,
    namespace_id: group.id,
    visibility,
    initialize_with_readme: false,
    ...(description !== undefined && { description: description.slice(0, 2000) }),
  };
  const request = { method: 'POST', path: '/projects', body, accept: [400, 409], again: true } as const;
  const made = await askHost(api, request, run);
  if (made.status < 300) return;
  // Somebody was faster, the answer was lost, or the host says why not.
  if ((await readProject(api, path, run)) === undefined) throw notOurs(path, wordsOf(made.value));
}

async function makeGroups(api: HostApi, path: string, visibility: string, run: Run): Promise<GitlabGroup> {
  let { group, missing } = await findGroup(api, path, run);
  for (; missing.length > 0; { group, missing } = await findGroup(api, path, run)) {
    const [name = ''] = missing;
    const body = { name, path: name, visibility, ...(group !== undefined && { parent_id: group.id }) };
    const request = { method: 'POST', path: '/groups', body, accept: [400, 409], again: true } as const;
    const made = await askHost(api, request, run);
    // Another repository of the same import may have been faster: then it is found now.
    const next = made.status < 300 ? undefined : await findGroup(api, path, run);
    if (next !== undefined && next.missing.length >= missing.length)
      throw notOurs(path, `the group ${name} cannot be made: ${wordsOf(made.value)}`);
  }
  if (group === undefined) throw notOurs(path, 'it lies in no group');
  return group;
}

function wordsOf(value: unknown): string {
  return JSON.stringify(memberOf(value, 'message') ?? memberOf(value, 'error') ?? 'no reason given').slice(
    0,
    300,
  );
}

async function settle(
  api: HostApi,
  path: string,
  { head, description, topics }: RepositoryFacts,
  run: Run,
): Promise<void> {
  const body = {
    ...(head !== undefined && { default_branch: head.slice('refs/heads/'.length) }),
    ...(description !== undefined && { description: description.slice(0, 2000) }),
    ...(topics !== undefined && { topics }),
  };
  const project = `/projects/${encodeURIComponent(path)}`;
  await askHost(api, { method: 'PUT', path: project, body, again: true }, run);
}

/** GitLab's rules for paths: letters, digits, `_`, `-`, `.`; a special character neither first nor last, nor two in a row. */
const PART = /^(?=.{1,255}$)[A-Za-z0-9](?:[-._]?[A-Za-z0-9])*$/;
/** Top-level paths that GitLab keeps (its documentation, "Reserved project and group names"), as far as they fit the rule. */
const RESERVED = new Set(
  'admin api assets dashboard deploy.html explore files groups health_check help import invites jwt login oauth profile projects public robots.txt s search sitemap sitemap.xml sitemap.xml.gz slash-command-logo.png snippets unsubscribes uploads users v2'.split(
    ' ',
  ),
);

function requirePath(path: string): string {
  const parts = path.split('/');
  const [first = ''] = parts;
  if (parts.length < 2) throw unmapped(path, 'it lies in no group');
  if (parts.length > 21) throw unmapped(path, 'GitLab takes 20 levels of groups');
  if (RESERVED.has(first.toLowerCase())) throw unmapped(path, `GitLab keeps "${first}" for itself`);
  const bad = parts.find((part) => !PART.test(part) || /\.(?:git|atom)$/i.test(part));
  if (bad === undefined) return path;
  throw unmapped(path, `"${bad}" is no name for GitLab (letters, digits, single . _ - between them)`);
}
