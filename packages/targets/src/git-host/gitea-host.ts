import { setTimeout as pause } from 'node:timers/promises';
import { checkRun, GapferryError, type RepositoryAbout, type Run } from '@gapferry/core';
import pLimit from 'p-limit';
import { askHost, listOf, memberOf, textIn } from './ask-host.ts';
import type { GitHost, HostApi, HostedRepository, NewRepository, RepositoryFacts } from './git-host.ts';
import { judgeGitea } from './gitea-judgement.ts';
import { type GiteaAccount, requireOwner } from './gitea-owners.ts';
import { giteaProtections } from './gitea-protections.ts';
import { inTwoLevels, mapGitRepository, unmapped } from './map-git-repository.ts';

export interface GiteaHostOptions {
  /** Where git reaches repositories: `https://git.plant.example`, `ssh://git@git.plant.example:2222`. No slash at the end. */
  readonly gitUrl: string;
  /** See `mapGitRepository`; the first part is the organisation. */
  readonly template: string;
  readonly visibility: 'private' | 'public';
  /** `…/api/v1`. */
  readonly api: HostApi;
}

/** Gitea (API of 1.20 and later) and Forgejo. */
export function giteaHost(options: GiteaHostOptions): GitHost {
  const { gitUrl, template, api } = options;
  // Two repositories of one import want the same organisation: the second finds what the first has made.
  const turn = pLimit(1);
  let me: Promise<GiteaAccount> | undefined;
  const whoAmI = (run: Run): Promise<GiteaAccount> => {
    me ??= readAccount(api, run).catch((error: unknown) => {
      me = undefined;
      throw error;
    });
    return me;
  };
  return {
    hasHead: true,
    takesOf: giteaAbout,
    pathOf: (repository) => giteaPath(template, repository),
    urlOf: (path) => `${gitUrl}/${path}.git`,
    begin: async (run) => void (await whoAmI(run)),
    look: (path, run) => look(api, path, run),
    judge: async (wanted, run) => await judgeGitea({ api, gitUrl }, wanted, await whoAmI(run), run),
    create: (path, wanted, run) => turn(async () => create(options, path, wanted, await whoAmI(run), run)),
    protections: async (path, run) => giteaProtections(api, path, (await whoAmI(run)).login, run),
    settle: (path, wanted, run) => settle(api, path, wanted, run),
    carryOut: async (requests, run) => {
      for (const request of requests) await askHost(api, request, run);
    },
  };
}

/** `organisation/name`. Pure. Throws `NAME_UNSAFE`. */
export function giteaPath(template: string, repository: string): string {
  return requireNames(inTwoLevels(mapGitRepository(template, repository)));
}

async function readAccount(api: HostApi, run: Run): Promise<GiteaAccount> {
  const { value } = await askHost(api, { method: 'GET', path: '/user' }, run);
  const login = textIn(value, 'login');
  if (login === undefined) throw strange('/user');
  return { login, isAdmin: memberOf(value, 'is_admin') === true };
}

function strange(path: string): GapferryError {
  return new GapferryError({
    code: 'PROTOCOL_VIOLATION',
    origin: 'target',
    message: `the host does not answer ${path} as Gitea does`,
    hint: 'check `kind` and `url` of the target: the address of its web pages, with the path before them if there is one',
  });
}

async function look(api: HostApi, path: string, run: Run): Promise<HostedRepository | undefined> {
  const { status, value } = await askHost(api, { method: 'GET', path: `/repos/${path}`, accept: [404] }, run);
  if (status === 404) return undefined;
  const closed = closedBecause(value, path);
  const branch = textIn(value, 'default_branch') ?? '';
  return {
    description: textIn(value, 'description') ?? '',
    homepage: textIn(value, 'website') ?? '',
    topics: await topicsOf(api, path, value, run),
    // Of an empty one it changes: with the first push the host chooses anew.
    ...(branch !== '' && !isEmpty(value) && { head: `refs/heads/${branch}` }),
    ...(closed !== undefined && { closed }),
    ...(memberOf(memberOf(value, 'permissions'), 'push') !== true && { mayPush: false as const }),
  };
}

/** Older ones, and Forgejo, say them in an answer of their own. */
async function topicsOf(api: HostApi, path: string, value: unknown, run: Run): Promise<readonly string[]> {
  const said = memberOf(value, 'topics');
  if (Array.isArray(said)) return textsIn(said);
  const question = { method: 'GET', path: `/repos/${path}/topics?limit=50`, accept: [404] } as const;
  return textsIn(listOf(memberOf((await askHost(api, question, run)).value, 'topics')));
}

function textsIn(list: readonly unknown[]): string[] {
  return list.filter((one) => typeof one === 'string');
}

/** Gitea's rules for topics (models/repo/topic.go): 25, each at most 35 characters, the first a letter or digit. */
function giteaAbout({ topics = [], ...about }: RepositoryAbout): RepositoryAbout {
  const taken = topics.filter((topic) => topic.length <= 35 && !topic.startsWith('-')).slice(0, 25);
  return { ...about, ...(taken.length > 0 && { topics: taken }) };
}

function closedBecause(value: unknown, path: string): string | undefined {
  const name = textIn(value, 'full_name') ?? '';
  if (name.toLowerCase() !== path.toLowerCase()) return `it was renamed to ${name}`;
  if (memberOf(value, 'archived') === true) return 'it is archived';
  if (memberOf(value, 'mirror') === true) return 'it is a pull mirror, which the host itself keeps';
  if (memberOf(value, 'has_code') === false) return 'its code is switched off';
  return undefined;
}

async function create(
  { api, visibility }: GiteaHostOptions,
  path: string,
  wanted: NewRepository,
  me: GiteaAccount,
  run: Run,
): Promise<void> {
  const [owner = '', name = ''] = path.split('/');
  let { kind } = await requireOwner(api, path, me, run);
  if (kind === 'nobody') {
    await makeOrganisation(api, owner, visibility, run);
    kind = 'organisation';
  }
  const into = {
    organisation: `/orgs/${owner}/repos`,
    me: '/user/repos',
    somebody: `/admin/users/${owner}/repos`,
  }[kind];
  const { objectFormat, description, head } = wanted;
  const body = {
    name,
    private: visibility === 'private',
    auto_init: false,
    object_format_name: objectFormat,
    ...(description !== undefined && { description: description.slice(0, 2048) }),
    ...(head !== undefined && { default_branch: head.slice('refs/heads/'.length) }),
  };
  // 409: somebody was faster, or we were and the answer was lost; whether it may be used shows when it is looked at.
  await askHost(api, { method: 'POST', path: into, body, accept: [409], again: true }, run);
}

/** 409, 422: another repository of the same import was faster, or the answer was lost. */
async function makeOrganisation(api: HostApi, name: string, visibility: string, run: Run): Promise<void> {
  const body = { username: name, visibility };
  const request = { method: 'POST', path: '/orgs', body, accept: [409, 422], again: true } as const;
  const made = await askHost(api, request, run);
  if (made.status < 300) return;
  await askHost(api, { method: 'GET', path: `/orgs/${name}` }, run);
}

async function settle(
  api: HostApi,
  path: string,
  { head, description, homepage, topics }: RepositoryFacts,
  run: Run,
): Promise<void> {
  const branch = head?.slice('refs/heads/'.length);
  const isSet = branch !== undefined && (await chosenBranch(api, path, run)) === branch;
  const body = {
    ...(branch !== undefined && !isSet && { default_branch: branch }),
    ...(description !== undefined && { description: description.slice(0, 2048) }),
    ...(homepage !== undefined && { website: homepage }),
  };
  // Whatever became of one that was not answered well: right after a push it says that something is "already in queue".
  const again = true;
  if (Object.keys(body).length > 0)
    await askHost(api, { method: 'PATCH', path: `/repos/${path}`, body, again }, run);
  if (topics !== undefined)
    await askHost(api, { method: 'PUT', path: `/repos/${path}/topics`, body: { topics }, again }, run);
}

/** Milliseconds between looks; together some seconds. */
const LOOKS = [25, 50, 100, 200, 400, 800, 1600, 3200];

/** The default branch, once the host has taken note of the first push, which it does some time after it (services/repository/push.go): from then on it chooses none by itself. After some
 *  seconds whatever it is then. */
async function chosenBranch(api: HostApi, path: string, run: Run): Promise<string | undefined> {
  for (const wait of [...LOOKS, undefined]) {
    const { value } = await askHost(api, { method: 'GET', path: `/repos/${path}` }, run);
    if (!isEmpty(value) || wait === undefined) return textIn(value, 'default_branch');
    await pause(wait, undefined, { signal: run.signal }).catch(() => {});
    checkRun(run);
  }
  return undefined;
}

function isEmpty(repository: unknown): boolean {
  return memberOf(repository, 'empty') === true;
}

const OWNER = /^(?=.{1,40}$)[A-Za-z0-9](?:[-._]?[A-Za-z0-9])*$/;
const NAME = /^(?=.{1,100}$)[A-Za-z0-9._-]+$/;
/** Words that Gitea keeps for its own pages, as far as an organisation could want them. */
const RESERVED = new Set(
  'admin api assets attachments avatar avatars captcha commits debug devtest error explore favicon.ico ghost gitea-actions issues login manifest.json metrics milestones new notifications org pulls raw repo repo-avatars robots.txt search sitemap.xml ssh_info swagger.v1.json user v2'.split(
    ' ',
  ),
);

/** What it shows of somebody has such an end. */
const OF_SOMEBODY = /\.(?:keys|gpg|rss|atom|png)$/i;

/** Gitea's own rules for names (models/user, models/repo). */
function requireNames(path: string): string {
  const [owner = '', name = ''] = path.split('/');
  if (!OWNER.test(owner))
    throw unmapped(
      path,
      `"${owner}" is no name of an organisation for Gitea (letters, digits, single . _ - between them, at most 40)`,
    );
  if (RESERVED.has(owner.toLowerCase()) || OF_SOMEBODY.test(owner))
    throw unmapped(path, `Gitea keeps "${owner}" for itself`);
  if (!NAME.test(name) || /^[.-]{1,2}$|\.(?:git|wiki|rss|atom)$/i.test(name))
    throw unmapped(
      path,
      `"${name}" is no name of a repository for Gitea (letters, digits, . _ -, at most 100)`,
    );
  return path;
}
