import { type ApiRequest, type Route, textOf } from '../git-host/api-request.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { Principal } from './harbor-access.ts';
import { HarborError } from './harbor-error.ts';
import type { HarborProject } from './harbor-projects.ts';
import type { HarborState } from './harbor-state.ts';
import { requireRight } from './require-right.ts';

/** Labels of projects; those of the whole Harbor are not there. */
export function labelRoutes(state: HarborState, who: Principal): Route[] {
  return [
    ['GET', '/labels', (request) => listLabels(state, who, request)],
    ['POST', '/labels', (request) => createLabel(state, who, request)],
    ['DELETE', '/labels/:id', (_, [id = '']) => deleteLabel(state, who, Number(id))],
  ];
}

function listLabels(state: HarborState, who: Principal, { query }: ApiRequest): Reply {
  const { id } = projectOf(state, who, Number(query.get('project_id')), 'label/list');
  if (query.get('scope') !== 'p') throw new HarborError(400, `invalid scope: ${query.get('scope')}`);
  const name = query.get('name') ?? '';
  const all = [...state.labels.values()].filter(
    (label) => label.project_id === id && label.name.includes(name),
  );
  const page = Number(query.get('page') ?? 1);
  const size = Math.min(100, Number(query.get('page_size') ?? 10));
  return jsonReply(200, all.slice((page - 1) * size, page * size), { 'x-total-count': String(all.length) });
}

function createLabel(state: HarborState, who: Principal, { body }: ApiRequest): Reply {
  const project = projectOf(state, who, Number(body['project_id']), 'label/create');
  const name = textOf(body, 'name') ?? '';
  if (name === '' || name.length > 128) throw new HarborError(400, 'label name must be 1 to 128 characters');
  if ([...state.labels.values()].some((label) => label.project_id === project.id && label.name === name))
    throw new HarborError(409, `label ${name} already exists`);
  const id = state.nextId();
  const [description = '', color = ''] = [textOf(body, 'description'), textOf(body, 'color')];
  state.labels.set(id, { id, name, scope: 'p', project_id: project.id, description, color });
  return { status: 201, headers: { location: `/api/v2.0/labels/${id}` } };
}

function deleteLabel(state: HarborState, who: Principal, id: number): Reply {
  const label = state.labels.get(id);
  if (label === undefined) throw new HarborError(404, `label ${id} not found`);
  projectOf(state, who, label.project_id, 'label/delete');
  state.labels.delete(id);
  for (const labels of state.labelled.values()) labels.delete(id);
  return { status: 200 };
}

function projectOf(state: HarborState, who: Principal, id: number, right: string): HarborProject {
  const project = [...state.projects.values()].find((each) => each.id === id);
  if (project === undefined) throw new HarborError(404, `project ${id} not found`);
  return requireRight(state, who, project.name, right);
}
