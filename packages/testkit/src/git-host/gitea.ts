import { gitHandler } from '../git/git-server.ts';
import type { Credentials } from '../http/credentials.ts';
import { hasBasic } from '../http/credentials.ts';
import { type HttpServerOptions, startHttpServer, type TestServer } from '../http/http-server.ts';
import { jsonReply, type Reply, textReply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import { type ApiRequest, type Route, route, textOf, toApiRequest } from './api-request.ts';
import {
  aboutRoutes,
  type GiteaAccess,
  hasScope,
  isReservedOwner,
  isUsableName,
  outOfScope,
} from './gitea-access.ts';
import { type FirstPush, noticeFirstPush } from './gitea-first-push.ts';
import { type GiteaRules, hookRules } from './gitea-rules.ts';
import { type HostedRepositories, hostedRepositories } from './hosted-repositories.ts';

export interface GiteaFakeOptions extends HttpServerOptions {
  /** User name and access token. */
  readonly credentials: Credentials;
  /** Where its repositories lie. */
  readonly directory: string;
  /** Default false: an ordinary user. */
  readonly isAdmin?: boolean;
  /** As older ones and Forgejo answer: topics are in an answer of their own alone. */
  readonly topicsApart?: boolean;
  readonly bodyLimit?: number;
  readonly access?: GiteaAccess;
}

export interface GiteaFake extends TestServer {
  readonly repositories: HostedRepositories;
  /** What it knows of a repository; changes count. */
  repository(path: string): GiteaRepository;
  /** An organisation in which the user may make nothing. */
  addForeignOrganisation(name: string): void;
  /** Another user. */
  addUser(name: string): void;
  /** Knows of a repository of ours that lies in `directory` already, with what another fake knew of it. */
  adopt(path: string, known: GiteaRepository): void;
}

export interface GiteaRepository extends GiteaRules {
  archived: boolean;
  mirror: boolean;
  mayPush: boolean;
  description: string;
  defaultBranch: string;
  website: string;
  topics: string[];
  readonly private: boolean;
}

type Known = GiteaRepository & FirstPush;

interface State {
  readonly options: GiteaFakeOptions;
  readonly repositories: HostedRepositories;
  /** Name in lower case → may the user make repositories in it? */
  readonly organisations: Map<
    string,
    { readonly name: string; readonly visibility: string; readonly ours: boolean }
  >;
  readonly users: Set<string>;
  /** By path in lower case. */
  readonly known: Map<string, Known>;
}

/** The API of Gitea 1.26 as far as gapferry uses it, with its rules for names, owners, branches and tags, over repositories that real git serves. */
export async function startGiteaFake(options: GiteaFakeOptions): Promise<GiteaFake> {
  const repositories = hostedRepositories(options.directory);
  const users = new Set([options.credentials.username.toLowerCase()]);
  const state: State = { options, repositories, organisations: new Map(), users, known: new Map() };
  const git = gitHandler(options.directory, {
    push: true,
    ...(options.bodyLimit !== undefined && { bodyLimit: options.bodyLimit }),
  });
  const server = await startHttpServer((request) => answer(state, request, git), options);
  return Object.assign(server, {
    repositories,
    repository: (path: string) => require(state, path),
    addForeignOrganisation: (name: string) =>
      void state.organisations.set(name.toLowerCase(), { name, visibility: 'public', ours: false }),
    addUser: (name: string) => void users.add(name.toLowerCase()),
    adopt: (path: string, known: GiteaRepository) => {
      const [name = ''] = path.split('/');
      state.organisations.set(name.toLowerCase(), { name, visibility: 'private', ours: true });
      state.known.set(
        path.toLowerCase(),
        structuredClone({ ...known, path, noticed: 'its branches' as const }),
      );
    },
  });
}

function require(state: State, path: string): Known {
  const found = state.known.get(path.toLowerCase());
  if (found === undefined) throw new Error(`the fake has no repository ${path}`);
  return found;
}

const ROOT = '/api/v1';

async function answer(
  state: State,
  request: TestRequest,
  git: (request: TestRequest) => Promise<Reply>,
): Promise<Reply> {
  const { credentials, access } = state.options;
  const isOurs = hasBasic(request, credentials);
  if (request.url.startsWith(`${ROOT}/`)) {
    if (!isOurs) return jsonReply(401, { message: 'invalid username, password or token' });
    const asked = await toApiRequest(request, ROOT);
    return outOfScope(asked, access) ?? (await route(routesOf(state), asked));
  }
  if (!isOurs) return textReply(401, 'Unauthorized\n', { 'www-authenticate': 'Basic realm="Gitea"' });
  const path = /^\/([^/]+\/[^/]+)\.git\//.exec(request.path)?.[1];
  const repository = path === undefined ? undefined : state.known.get(path.toLowerCase());
  if (repository === undefined) return textReply(404, 'Not found\n');
  if (request.url.includes('git-receive-pack')) {
    if (repository.archived)
      return textReply(403, 'This repo is archived. You can view files and clone it, but cannot push.\n');
    if (repository.mirror || !repository.mayPush || !hasScope(access, 'write:repository'))
      return textReply(403, 'User permission denied for writing.\n');
  }
  return await git(request);
}

const OWNER = /^(?=.{1,40}$)[0-9A-Za-z](?:[-._]?[0-9A-Za-z])*$/;

function routesOf(state: State): Route[] {
  const { options, organisations, users } = state;
  const { credentials, isAdmin = false } = options;
  const { username } = credentials;
  const withRepository =
    (act: (repository: Known, request: ApiRequest, args: string[]) => Promise<Reply> | Reply) =>
    (request: ApiRequest, [owner = '', name = '', ...args]: string[]): Promise<Reply> | Reply => {
      const repository = state.known.get(`${owner}/${name}`.toLowerCase());
      return repository === undefined ? missing() : act(repository, request, args);
    };
  return [
    ...aboutRoutes(options.access),
    ['GET', '/user', () => jsonReply(200, { id: 1, login: username, is_admin: isAdmin })],
    [
      'GET',
      '/users/:name',
      (_, [name = '']) =>
        users.has(name.toLowerCase()) || organisations.has(name.toLowerCase())
          ? jsonReply(200, { login: name })
          : missing(),
    ],
    [
      'GET',
      '/users/:name/orgs/:org/permissions',
      (_, [, name = '']) =>
        jsonReply(200, { can_create_repository: organisations.get(name.toLowerCase())?.ours === true }),
    ],
    ['GET', '/orgs/:name', (_, [name = '']) => toOrganisation(organisations.get(name.toLowerCase()))],
    ['POST', '/orgs', ({ body }) => makeOrganisation(state, body)],
    ['POST', '/orgs/:name/repos', ({ body }, [owner = '']) => makeInOrganisation(state, owner, body)],
    ['POST', '/user/repos', ({ body }) => makeRepository(state, username, body)],
    [
      'POST',
      '/admin/users/:name/repos',
      ({ body }, [owner = '']) =>
        isAdmin
          ? makeRepository(state, owner, body)
          : jsonReply(403, { message: 'user should be the site administrator' }),
    ],
    ['GET', '/repos/:owner/:name', withRepository((repository) => showRepository(state, repository))],
    [
      'PATCH',
      '/repos/:owner/:name',
      withRepository((repository, { body }) => editRepository(state, repository, body)),
    ],
    ['GET', '/repos/:owner/:name/topics', withRepository(({ topics }) => jsonReply(200, { topics }))],
    [
      'PUT',
      '/repos/:owner/:name/topics',
      withRepository((repository, { body }) => setTopics(repository, body['topics'])),
    ],
    ...ruleRoutes(state, withRepository),
  ];
}

function makeInOrganisation(state: State, owner: string, body: ApiRequest['body']): Promise<Reply> | Reply {
  const { options, organisations } = state;
  return organisations.get(owner.toLowerCase())?.ours === true || options.isAdmin === true
    ? makeRepository(state, owner, body)
    : jsonReply(403, { message: 'Given user is not allowed to create repository in organization.' });
}

function missing(): Reply {
  return jsonReply(404, { message: 'not found', url: '/api/swagger', errors: [] });
}

function toOrganisation(found: { readonly name: string; readonly visibility: string } | undefined): Reply {
  return found === undefined
    ? missing()
    : jsonReply(200, { id: 2, name: found.name, visibility: found.visibility });
}

function makeOrganisation({ organisations, users, options }: State, body: Record<string, unknown>): Reply {
  const name = textOf(body, 'username') ?? '';
  const { access } = options;
  if (access?.mayMakeOrganisations === false) return jsonReply(403, { message: '%!s(<nil>)' });
  if (isReservedOwner(name)) return jsonReply(422, { message: `name is reserved [name: ${name}]` });
  if (!OWNER.test(name)) return jsonReply(422, { message: `[UserName]: ${name} is not valid` });
  if (organisations.has(name.toLowerCase()) || users.has(name.toLowerCase()))
    return jsonReply(422, { message: `user already exists [name: ${name}]` });
  const visibility = textOf(body, 'visibility') ?? 'public';
  organisations.set(name.toLowerCase(), { name, visibility, ours: true });
  return jsonReply(201, { id: 2, name, visibility });
}

async function makeRepository(state: State, owner: string, body: Record<string, unknown>): Promise<Reply> {
  const name = textOf(body, 'name') ?? '';
  const path = `${owner}/${name}`;
  const { maxRepositories } = state.options.access ?? {};
  if (maxRepositories !== undefined && state.known.size >= maxRepositories)
    return jsonReply(403, {
      message: `user has reached maximum limit of repositories [limit: ${maxRepositories}]`,
    });
  if (!isUsableName(name, state.options.access))
    return jsonReply(422, { message: `repository name is reserved or invalid [name: ${name}]` });
  if (state.known.has(path.toLowerCase()))
    return jsonReply(409, { message: 'The repository with the same name already exists.' });
  const repository = {
    path,
    archived: false,
    mirror: false,
    mayPush: true,
    description: textOf(body, 'description') ?? '',
    defaultBranch: textOf(body, 'default_branch') ?? 'main',
    website: '',
    topics: [],
    private: body['private'] === true,
    branchRules: [],
    tagRules: [],
    noticed: 'nothing' as const,
  };
  state.known.set(path.toLowerCase(), repository);
  await state.repositories.create(
    path,
    textOf(body, 'object_format_name') ?? 'sha1',
    repository.defaultBranch,
  );
  return jsonReply(201, await view(state, repository));
}

async function showRepository(state: State, repository: Known): Promise<Reply> {
  return jsonReply(200, await view(state, repository));
}

async function view({ repositories, options }: State, repository: Known): Promise<Record<string, unknown>> {
  await noticeFirstPush(repositories, repository);
  const { path, archived, mirror, mayPush, description, website, defaultBranch, topics } = repository;
  return {
    full_name: path,
    empty: repository.noticed !== 'its branches',
    private: repository.private,
    archived,
    mirror,
    description,
    website,
    default_branch: defaultBranch,
    ...(options.topicsApart !== true && { topics }),
    has_code: true,
    permissions: { admin: mayPush, push: mayPush, pull: true },
  };
}

async function editRepository(
  state: State,
  repository: Known,
  body: Record<string, unknown>,
): Promise<Reply> {
  if (repository.archived && body['archived'] !== false)
    return jsonReply(423, { message: `repo is archived: ${repository.path}` });
  const branch = textOf(body, 'default_branch');
  if (branch !== undefined) {
    const isThere = await state.repositories.hasBranch(repository.path, branch);
    if (!isThere && !(await state.repositories.isEmpty(repository.path)))
      return jsonReply(422, { message: `branch does not exist [name: ${branch}]` });
    repository.defaultBranch = branch;
    await state.repositories.setHead(repository.path, branch);
  }
  for (const [member, most] of [
    ['description', 2048],
    ['website', 1024],
  ] as const) {
    const text = textOf(body, member) ?? repository[member];
    if (text.length > most) return jsonReply(422, { message: `[${member}]: MaxSize` });
    repository[member] = text;
  }
  if (typeof body['archived'] === 'boolean') repository.archived = body['archived'];
  return jsonReply(200, await view(state, repository));
}

/** routers/api/v1/repo/topic.go: lower case, each once; all of them or none. */
function setTopics(repository: Known, wanted: unknown): Reply {
  const topics = [
    ...new Set((Array.isArray(wanted) ? wanted : []).map((topic) => String(topic).trim().toLowerCase())),
  ];
  const invalidTopics = topics.filter((topic) => topic.length > 35 || !/^[a-z0-9][-.a-z0-9]*$/.test(topic));
  if (topics.length > 25)
    return jsonReply(422, { invalidTopics: null, message: 'Exceeding maximum number of topics per repo' });
  if (invalidTopics.length > 0) return jsonReply(422, { invalidTopics, message: 'Topic names are invalid' });
  repository.topics = topics;
  return { status: 204 };
}

type WithRepository = (
  act: (repository: Known, request: ApiRequest, args: string[]) => Promise<Reply> | Reply,
) => Route[2];

const RULE = {
  enable_push: false,
  enable_push_whitelist: false,
  push_whitelist_usernames: [],
  push_whitelist_teams: [],
  push_whitelist_deploy_keys: false,
  enable_force_push: false,
  enable_force_push_allowlist: false,
  force_push_allowlist_usernames: [],
  require_signed_commits: false,
  protected_file_patterns: '',
};

type RuleList = 'branchRules' | 'tagRules';

function ruleRoutes(state: State, withRepository: WithRepository): Route[] {
  const list = '/repos/:owner/:name';
  return [
    ...routesOfRules(state, withRepository, `${list}/branch_protections`, 'branchRules', 'rule_name', RULE),
    ...routesOfRules(state, withRepository, `${list}/tag_protections`, 'tagRules', 'id', TAG_RULE),
  ];
}

const TAG_RULE = { whitelist_usernames: [], whitelist_teams: [] };

/** `key`: the member by which a rule is addressed. */
function routesOfRules(
  state: State,
  withRepository: WithRepository,
  path: string,
  list: RuleList,
  key: string,
  usual: Record<string, unknown>,
): Route[] {
  const changed = async (repository: Known, status: number, value: unknown): Promise<Reply> => {
    const { username } = state.options.credentials;
    await state.repositories.setRules(repository.path, hookRules(repository, username));
    return jsonReply(status, value);
  };
  const add = (repository: Known, body: Record<string, unknown>): Promise<Reply> => {
    const rule = { ...usual, id: repository[list].length + 1, ...body };
    repository[list].push(rule);
    return changed(repository, 201, rule);
  };
  const edit = (
    repository: Known,
    body: Record<string, unknown>,
    address: string | undefined,
  ): Promise<Reply> | Reply => {
    const rule = repository[list].find((one) => String(one[key]) === address);
    return rule === undefined ? missing() : changed(repository, 200, Object.assign(rule, body));
  };
  return [
    ['GET', path, withRepository((repository) => jsonReply(200, repository[list]))],
    ['POST', path, withRepository((repository, { body }) => add(repository, body))],
    [
      'PATCH',
      `${path}/:rule`,
      withRepository((repository, { body }, [rule]) => edit(repository, body, rule)),
    ],
  ];
}
