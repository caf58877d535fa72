import type { ApiRequest, Route } from '../git-host/api-request.ts';
import { textOf } from '../git-host/api-request.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { isProjectRobot, type Principal, projectOfRobot, rightsIn, systemRights } from './harbor-access.ts';
import { HarborError } from './harbor-error.ts';
import {
  type HarborProject,
  type HarborRetention,
  type HarborRule,
  isProjectName,
  projectIn,
  usedBytes,
} from './harbor-projects.ts';
import type { HarborState } from './harbor-state.ts';
import { requireKnown, requireRight, requireSystemRight } from './require-right.ts';

export function projectRoutes(state: HarborState, who: Principal): Route[] {
  return [
    ['HEAD', '/projects', ({ query }) => headProject(state, who, query.get('project_name') ?? '')],
    ['GET', '/projects', (request) => listProjects(state, who, request)],
    ['POST', '/projects', (request) => createProject(state, who, request)],
    [
      'GET',
      '/projects/:name',
      (_, [name = '']) => jsonReply(200, toJson(requireRight(state, who, name, '/read'), state)),
    ],
    ['DELETE', '/projects/:name', (_, [name = '']) => deleteProject(state, who, name)],
    ['GET', '/projects/:name/summary', (_, [name = '']) => summary(state, who, name)],
    ['GET', '/quotas', (request) => quotas(state, who, request)],
    [
      'GET',
      '/projects/:name/immutabletagrules',
      (_, [name = '']) => jsonReply(200, requireRight(state, who, name, 'immutable-tag/list').immutable),
    ],
    [
      'POST',
      '/projects/:name/immutabletagrules',
      (request, [name = '']) => addRule(state, who, name, request),
    ],
    [
      'DELETE',
      '/projects/:name/immutabletagrules/:id',
      (_, [name = '', id = '']) => dropRule(state, who, name, Number(id)),
    ],
    ['GET', '/retentions/:id', (_, [id = '']) => retention(state, who, Number(id))],
    ['POST', '/retentions', (request) => addRetention(state, who, request)],
  ];
}

/** By name everybody is told who is signed in, also a robot that may not read the project. */
function headProject({ projects }: HarborState, who: Principal, name: string): Reply {
  requireKnown(who);
  return { status: projects.has(name) ? 200 : 404 };
}

/** Those that the caller has something to do with. `q=name=x`: exactly that one; `name`: all that have it in their names. */
function listProjects(state: HarborState, who: Principal, { query }: ApiRequest): Reply {
  const exact = /^name=(?!~)(.+)$/.exec(query.get('q') ?? '')?.[1];
  const part = query.get('name') ?? '';
  const page = Number(query.get('page') ?? 1);
  const size = Math.min(100, Number(query.get('page_size') ?? 10));
  const seen = [...state.projects.values()]
    .filter((project) => isSeen(project, who))
    .filter(({ name }) => (exact === undefined ? name.includes(part) : name === exact));
  const listed = seen.slice((page - 1) * size, page * size).map((project) => toJson(project, state));
  return jsonReply(200, listed, { 'x-total-count': String(seen.length) });
}

function isSeen(project: HarborProject, who: Principal): boolean {
  const isOpen = project.metadata['public'] === 'true' || systemRights(who).has('project/list');
  return isOpen || rightsIn(who, project).size > 0;
}

function createProject(state: HarborState, who: Principal, { body }: ApiRequest): Reply {
  requireKnown(who);
  if (isProjectRobot(who)) throw new HarborError(403, 'Only system level robot can create project');
  const isAdmin = systemRights(who).has('project/create');
  if (state.settings.creation === 'adminonly' && !isAdmin)
    throw new HarborError(403, 'Only system admin can create project');
  const name = textOf(body, 'project_name') ?? '';
  if (!isProjectName(name))
    throw new HarborError(400, 'project name is not in lower case or not in the right pattern');
  if (state.projects.has(name)) throw new HarborError(409, `project with name ${name} already exists`);
  const registryId = numberOf(body, 'registry_id');
  if (registryId !== undefined && !isAdmin)
    throw new HarborError(403, 'Only system admin can create proxy cache project');
  const limit = numberOf(body, 'storage_limit') ?? 0;
  // What somebody else asks for is not heard.
  const storageLimit = isAdmin && limit !== 0 ? limit : state.settings.defaultQuota;
  if (storageLimit < -1) throw new HarborError(400, 'invalid hard limit');
  const project: HarborProject = {
    id: state.nextId(),
    name,
    metadata: { public: 'false', ...(body['metadata'] as Record<string, string> | undefined) },
    storageLimit,
    members: new Map(who.kind === 'user' ? [[who.user.username, 'projectAdmin']] : []),
    immutable: [],
    ...(registryId !== undefined && { registryId }),
  };
  state.projects.set(name, project);
  return { status: 201, headers: { location: `/api/v2.0/projects/${project.id}` } };
}

function deleteProject(state: HarborState, who: Principal, name: string): Reply {
  const project = requireRight(state, who, name, '/delete');
  if (repositoriesOf(state, name).length > 0)
    throw new HarborError(412, 'the project contains repositories, can not be deleted');
  state.projects.delete(project.name);
  state.robots.splice(0, Infinity, ...state.robots.filter((robot) => projectOfRobot(robot) !== name));
  return { status: 200 };
}

function toJson({ id, name, metadata, registryId }: HarborProject, state: HarborState): unknown {
  return {
    project_id: id,
    name,
    metadata,
    registry_id: registryId ?? null,
    repo_count: repositoriesOf(state, name).length,
  };
}

export function repositoriesOf({ store }: HarborState, project: string): string[] {
  return store.names().filter((name) => projectIn(name) === project);
}

/** What the caller may not read is left out. */
function summary(state: HarborState, who: Principal, name: string): Reply {
  const project = requireRight(state, who, name, '/read');
  const quota = rightsIn(who, project).has('quota/read') ? { quota: quotaOf(state, project) } : {};
  return jsonReply(200, { repo_count: repositoriesOf(state, name).length, ...quota });
}

function quotaOf({ store }: HarborState, { name, storageLimit }: HarborProject): unknown {
  return { hard: { storage: storageLimit }, used: { storage: usedBytes(store, name) } };
}

function quotas(state: HarborState, who: Principal, { query }: ApiRequest): Reply {
  requireSystemRight(who, 'quota/list');
  const id = query.get('reference_id');
  const listed = [...state.projects.values()].filter((project) => id === null || String(project.id) === id);
  return jsonReply(
    200,
    listed.map((project) => ({
      id: project.id,
      ref: { id: project.id, name: project.name },
      ...(quotaOf(state, project) as object),
    })),
  );
}

function addRule(state: HarborState, who: Principal, name: string, { body }: ApiRequest): Reply {
  const project = requireRight(state, who, name, 'immutable-tag/create');
  const id = state.nextId();
  project.immutable.push({ ...(body as unknown as HarborRule), id });
  return { status: 201, headers: { location: `/api/v2.0/projects/${name}/immutabletagrules/${id}` } };
}

function dropRule(state: HarborState, who: Principal, name: string, id: number): Reply {
  const { immutable } = requireRight(state, who, name, 'immutable-tag/delete');
  const at = immutable.findIndex((rule) => rule.id === id);
  if (at < 0) throw new HarborError(404, `immutable rule ${id} not found`);
  immutable.splice(at, 1);
  return { status: 200 };
}

function retention(state: HarborState, who: Principal, id: number): Reply {
  requireKnown(who);
  const policy = state.retentions.get(id);
  const project = [...state.projects.values()].find((each) => each.id === policy?.scope.ref);
  if (policy === undefined || project === undefined)
    throw new HarborError(404, `retention policy ${id} not found`);
  requireRight(state, who, project.name, 'tag-retention/read');
  return jsonReply(200, policy);
}

function addRetention(state: HarborState, who: Principal, { body }: ApiRequest): Reply {
  const policy = { ...(body as unknown as HarborRetention), id: state.nextId() };
  const project = [...state.projects.values()].find((each) => each.id === policy.scope.ref);
  if (project === undefined) throw new HarborError(400, `invalid Project id ${policy.scope.ref}`);
  requireRight(state, who, project.name, 'tag-retention/create');
  if (project.metadata['retention_id'] !== undefined)
    throw new HarborError(400, `project ${project.id} already has retention policy`);
  state.retentions.set(policy.id, policy);
  project.metadata['retention_id'] = String(policy.id);
  return { status: 201, headers: { location: `/api/v2.0/retentions/${policy.id}` } };
}

function numberOf(body: Record<string, unknown>, name: string): number | undefined {
  const value = body[name];
  return typeof value === 'number' ? value : undefined;
}
