import { gitHandler } from '../git/git-server.ts';
import { bearerToken, type Credentials, hasBasic } from '../http/credentials.ts';
import { type HttpServerOptions, startHttpServer, type TestServer } from '../http/http-server.ts';
import { jsonReply, type Reply, textReply } from '../http/reply.ts';
import type { TestRequest } from '../http/test-request.ts';
import { type ApiRequest, type Route, route, textOf, toApiRequest } from './api-request.ts';
import {
  aboutRoutes,
  type GitlabAccess,
  type GitlabGroup,
  type GitlabGroupRules,
  toGroup,
} from './gitlab-access.ts';
import type { GitlabProject, GitlabRule } from './gitlab-project.ts';
import { type HostedRepositories, hostedRepositories, noRepositories } from './hosted-repositories.ts';

export interface GitlabFakeOptions extends HttpServerOptions {
  /** User name and access token. */
  readonly credentials: Credentials;
  /** Where its repositories lie. */
  readonly directory: string;
  /** Of the user in what it makes; 50 (owner) unless said. */
  readonly level?: number;
  readonly bodyLimit?: number;
  readonly access?: GitlabAccess;
  /** `none`: its projects have no repositories of Git. */
  readonly git?: 'none';
  /** What else the host answers, before anything of the fake's own. */
  readonly also?: (request: TestRequest) => Reply | undefined;
}

export interface GitlabFake extends TestServer {
  readonly repositories: HostedRepositories;
  /** What it knows of a project; changes count. */
  project(path: string): GitlabProject;
  /** Undefined where there is none. */
  findProject(path: string): GitlabProject | undefined;
  /** Full paths of all groups. */
  groups(): string[];
  addGroup(path: string, rules: GitlabGroupRules): void;
  addUser(name: string): void;
}

interface State {
  readonly options: GitlabFakeOptions;
  readonly repositories: HostedRepositories;
  readonly users: Set<string>;
  /** By full path in lower case. */
  readonly groups: Map<string, GitlabGroup>;
  readonly projects: Map<string, GitlabProject>;
}

/** GitLab's REST API v4 as far as gapferry uses it, with its documented rules: names, nested groups, visibility within groups, the default branch that is protected with its first push,
 *  protected branches and tags, archived projects, pull mirrors; over repositories that real git serves. */
export async function startGitlabFake(options: GitlabFakeOptions): Promise<GitlabFake> {
  const repositories = options.git === 'none' ? noRepositories() : hostedRepositories(options.directory);
  const users = new Set([options.credentials.username.toLowerCase()]);
  const state: State = { options, repositories, users, groups: new Map(), projects: new Map() };
  const git = gitHandler(options.directory, {
    push: true,
    ...(options.bodyLimit !== undefined && { bodyLimit: options.bodyLimit }),
  });
  const server = await startHttpServer((request) => answer(state, request, git), options);
  return Object.assign(server, {
    repositories,
    project: (path: string): GitlabProject => {
      const found = state.projects.get(path.toLowerCase());
      if (found === undefined) throw new Error(`the fake has no project ${path}`);
      return found;
    },
    findProject: (path: string) => state.projects.get(path.toLowerCase()),
    addGroup: (path: string, { visibility = 'private', ...rules }: GitlabGroupRules) =>
      void state.groups.set(path.toLowerCase(), { id: state.groups.size + 10, path, visibility, ...rules }),
    groups: () => [...state.groups.values()].map(({ path }) => path),
    addUser: (name: string) => void users.add(name.toLowerCase()),
  });
}

const ROOT = '/api/v4';

async function answer(
  state: State,
  request: TestRequest,
  git: (request: TestRequest) => Promise<Reply>,
): Promise<Reply> {
  const { credentials, also } = state.options;
  const other = also?.(request);
  if (other !== undefined) return other;
  for (const project of state.projects.values()) await protectFirstBranch(state, project);
  if (request.url.startsWith(`${ROOT}/`)) {
    const token = bearerToken(request) ?? request.headers['private-token'];
    if (token !== credentials.password) return jsonReply(401, { message: '401 Unauthorized' });
    return await route(routesOf(state), await toApiRequest(request, ROOT));
  }
  if (!hasBasic(request, credentials))
    return textReply(401, 'HTTP Basic: Access denied.\n', { 'www-authenticate': 'Basic realm="GitLab"' });
  const path = /^\/(.+?)\.git\//.exec(request.path)?.[1];
  const project = path === undefined ? undefined : state.projects.get(path.toLowerCase());
  if (project === undefined)
    return textReply(
      404,
      'The project you were looking for could not be found or you do not have permission to view it.\n',
    );
  if (request.url.includes('git-receive-pack') && (project.archived || project.mirror || project.level < 30))
    return textReply(403, 'You are not allowed to push code to this project.\n');
  return await git(request);
}

/** "Default branch protection": the first branch pushed is protected, force is not let. */
async function protectFirstBranch(state: State, project: GitlabProject): Promise<void> {
  if (project.defaultBranch !== null) return;
  const branches = Object.keys(await state.repositories.refs(project.path)).filter((name) =>
    name.startsWith('refs/heads/'),
  );
  const [first] = branches.includes('refs/heads/main') ? ['refs/heads/main'] : branches;
  if (first === undefined) return;
  project.defaultBranch = first.slice('refs/heads/'.length);
  await state.repositories.setHead(project.path, project.defaultBranch);
  project.protectedBranches.push({ name: project.defaultBranch, level: 40, allow_force_push: false });
  await applyRules(state, project);
}

async function applyRules({ repositories }: State, project: GitlabProject): Promise<void> {
  await repositories.setRules(project.path, [
    ...project.protectedBranches.map(({ name, level, allow_force_push }) => {
      const push = level > 0 && level <= project.level;
      return {
        pattern: `refs/heads/${name}`,
        lets: `${push ? 'p' : ''}${push && allow_force_push ? 'f' : ''}`,
        message: push
          ? 'GitLab: You are not allowed to force push code to a protected branch on this project.'
          : 'GitLab: You are not allowed to push code to protected branches on this project.',
      };
    }),
    ...project.protectedTags.map(({ name, level }) => ({
      pattern: `refs/tags/${name}`,
      lets: level > 0 && level <= project.level ? 'p' : '',
      message: 'GitLab: Protected tags cannot be updated.',
    })),
  ]);
}

const NAME = /^[0-9A-Za-z](?:[-._]?[0-9A-Za-z])*$/;
const VISIBILITIES = ['private', 'internal', 'public'];

function routesOf(state: State): Route[] {
  const { credentials, access } = state.options;
  const { groups, users } = state;
  return [
    ...aboutRoutes(credentials, groups, access),
    [
      'GET',
      '/users',
      ({ query }) =>
        jsonReply(200, users.has((query.get('username') ?? '').toLowerCase()) ? [{ id: 1 }] : []),
    ],
    [
      'GET',
      '/groups/:path',
      (_, [path = '']) => {
        const group = groups.get(path.toLowerCase());
        return group === undefined
          ? jsonReply(404, { message: '404 Group Not Found' })
          : jsonReply(200, toGroup(group));
      },
    ],
    ['POST', '/groups', ({ body }) => makeGroup(state, body)],
    ['POST', '/projects', ({ body }) => makeProject(state, body)],
    [
      'GET',
      '/projects/:path/registry/protection/repository/rules',
      withProject(state, (project) => jsonReply(200, project.registryRules)),
    ],
    [
      'GET',
      '/projects/:path/registry/protection/tag/rules',
      withProject(state, (project) => jsonReply(200, project.registryTagRules)),
    ],
    ['GET', '/projects/:path', withProject(state, (project) => jsonReply(200, toProject(project)))],
    ['PUT', '/projects/:path', withProject(state, (project, { body }) => editProject(state, project, body))],
    ...ruleRoutes(state, 'protected_branches', 'protectedBranches', 'push_access_level'),
    ...ruleRoutes(state, 'protected_tags', 'protectedTags', 'create_access_level'),
  ];
}

type Act = (project: GitlabProject, request: ApiRequest, args: string[]) => Promise<Reply> | Reply;

function withProject(state: State, act: Act): Route[2] {
  return (request, [path = '', ...args]) => {
    const project = state.projects.get(path.toLowerCase());
    return project === undefined
      ? jsonReply(404, { message: '404 Project Not Found' })
      : act(project, request, args);
  };
}

function isTaken({ groups, users, projects }: State, path: string): boolean {
  const folded = path.toLowerCase();
  return groups.has(folded) || projects.has(folded) || (!path.includes('/') && users.has(folded));
}

function makeGroup(state: State, body: Record<string, unknown>): Reply {
  const name = textOf(body, 'path') ?? '';
  const visibility = textOf(body, 'visibility') ?? 'private';
  const parent = [...state.groups.values()].find(({ id }) => id === body['parent_id']);
  if (body['parent_id'] !== undefined && parent === undefined)
    return jsonReply(404, { message: '404 Group Not Found' });
  const path = parent === undefined ? name : `${parent.path}/${name}`;
  if (!NAME.test(name) || /\.(?:git|atom)$/.test(name))
    return jsonReply(400, {
      message: `Failed to save group {:path=>["can contain only letters, digits, '_', '-' and '.'"]}`,
    });
  if (isTaken(state, path))
    return jsonReply(400, { message: 'Failed to save group {:path=>["has already been taken"]}' });
  if (parent !== undefined && isWider(visibility, parent.visibility))
    return jsonReply(400, {
      message: `Failed to save group {:visibility_level=>["${visibility} is not allowed since the parent group has a ${parent.visibility} visibility."]}`,
    });
  const group = { id: state.groups.size + 10, path, visibility, level: state.options.level ?? 50 };
  state.groups.set(path.toLowerCase(), group);
  return jsonReply(201, toGroup(group));
}

function isWider(one: string, other: string): boolean {
  return VISIBILITIES.indexOf(one) > VISIBILITIES.indexOf(other);
}

async function makeProject(state: State, body: Record<string, unknown>): Promise<Reply> {
  const name = textOf(body, 'path') ?? '';
  const visibility = textOf(body, 'visibility') ?? 'private';
  const group = [...state.groups.values()].find(({ id }) => id === body['namespace_id']);
  if (group === undefined) return jsonReply(400, { message: { namespace: ['is not valid'] } });
  const path = `${group.path}/${name}`;
  if (!NAME.test(name) || /\.(?:git|atom)$/.test(name))
    return jsonReply(400, { message: { path: ["can contain only letters, digits, '_', '-' and '.'"] } });
  if (isTaken(state, path)) return jsonReply(400, { message: { path: ['has already been taken'] } });
  if (isWider(visibility, group.visibility))
    return jsonReply(400, {
      message: { visibility_level: [`${visibility} is not allowed in a ${group.visibility} group.`] },
    });
  const project: GitlabProject = {
    path,
    visibility,
    archived: false,
    mirror: false,
    description: textOf(body, 'description') ?? '',
    defaultBranch: null,
    topics: [],
    level: state.options.level ?? 50,
    protectedBranches: [],
    protectedTags: [],
    registryAccess: 'enabled',
    registryRules: [],
    registryTagRules: [],
  };
  await state.repositories.create(path, 'sha1', 'main');
  state.projects.set(path.toLowerCase(), project);
  return jsonReply(201, toProject(project));
}

function toProject(project: GitlabProject): Record<string, unknown> {
  const { path, visibility, archived, mirror, description, defaultBranch, topics, level } = project;
  return {
    id: 100,
    path_with_namespace: path,
    visibility,
    archived,
    mirror,
    description,
    default_branch: defaultBranch,
    empty_repo: defaultBranch === null,
    topics,
    repository_access_level: 'enabled',
    container_registry_access_level: project.registryAccess,
    ...(project.expiration !== undefined && { container_expiration_policy: project.expiration }),
    permissions: { project_access: null, group_access: { access_level: level } },
  };
}

async function editProject(
  state: State,
  project: GitlabProject,
  body: Record<string, unknown>,
): Promise<Reply> {
  const branch = textOf(body, 'default_branch');
  if (branch !== undefined) {
    if (!(await state.repositories.hasBranch(project.path, branch)))
      return jsonReply(400, { message: { base: ['Could not change HEAD: branch does not exist'] } });
    project.defaultBranch = branch;
    await state.repositories.setHead(project.path, branch);
  }
  const description = textOf(body, 'description') ?? project.description;
  if (description.length > 2000)
    return jsonReply(400, { message: { description: ['is too long (maximum is 2000 characters)'] } });
  project.description = description;
  if (Array.isArray(body['topics'])) project.topics = [...new Set(body['topics'].map(String))];
  return jsonReply(200, toProject(project));
}

type RuleList = 'protectedBranches' | 'protectedTags';

function ruleRoutes(state: State, path: string, list: RuleList, level: string): Route[] {
  const all = `/projects/:path/${path}`;
  const changed = async (project: GitlabProject, reply: Reply): Promise<Reply> => {
    await applyRules(state, project);
    return reply;
  };
  const withRule = (
    act: (project: GitlabProject, rule: GitlabRule, request: ApiRequest) => Promise<Reply> | Reply,
  ): Route[2] =>
    withProject(state, (project, request, [name]) => {
      const rule = project[list].find((one) => one.name === name);
      return rule === undefined ? jsonReply(404, { message: '404 Not found' }) : act(project, rule, request);
    });
  const show = (project: GitlabProject): Reply =>
    jsonReply(
      200,
      project[list].map((rule) => toRule(rule, level)),
    );
  const edit = (project: GitlabProject, rule: GitlabRule, { body }: ApiRequest): Promise<Reply> => {
    rule.allow_force_push = body['allow_force_push'] === true;
    return changed(project, jsonReply(200, toRule(rule, level)));
  };
  const remove = (project: GitlabProject, rule: GitlabRule): Promise<Reply> => {
    project[list] = project[list].filter((one) => one !== rule);
    return changed(project, { status: 204 });
  };
  return [
    ['GET', all, withProject(state, show)],
    ['POST', all, withProject(state, (project, { body }) => addRule(project, list, level, body, changed))],
    ...(list === 'protectedBranches' ? [['PATCH', `${all}/:rule`, withRule(edit)] as const] : []),
    ['DELETE', `${all}/:rule`, withRule(remove)],
  ];
}

function addRule(
  project: GitlabProject,
  list: RuleList,
  level: string,
  body: Record<string, unknown>,
  changed: (project: GitlabProject, reply: Reply) => Promise<Reply>,
): Promise<Reply> | Reply {
  const name = textOf(body, 'name') ?? '';
  if (project[list].some((rule) => rule.name === name))
    return jsonReply(409, { message: `Protected branch '${name}' already exists` });
  const rule = {
    name,
    level: Number(body[level] ?? 40),
    allow_force_push: body['allow_force_push'] === true,
  };
  project[list].push(rule);
  return changed(project, jsonReply(201, toRule(rule, level)));
}

function toRule({ name, level, allow_force_push }: GitlabRule, kind: string): Record<string, unknown> {
  const levels = [
    { id: 1, access_level: level, access_level_description: '', user_id: null, group_id: null },
  ];
  if (kind === 'create_access_level') return { name, create_access_levels: levels };
  return {
    id: 1,
    name,
    push_access_levels: levels,
    merge_access_levels: [{ id: 2, access_level: 40, user_id: null, group_id: null }],
    allow_force_push,
    code_owner_approval_required: false,
  };
}
