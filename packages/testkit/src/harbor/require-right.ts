import { mayInProject, type Principal, systemRights } from './harbor-access.ts';
import { HarborError } from './harbor-error.ts';
import type { HarborProject } from './harbor-projects.ts';
import type { HarborState } from './harbor-state.ts';

export function requireKnown(who: Principal): void {
  if (who.kind === 'nobody') throw new HarborError(401, 'unauthorized');
}

export function requireSystemRight(who: Principal, right: string): void {
  requireKnown(who);
  if (!systemRights(who).has(right)) throw new HarborError(403, 'forbidden');
}

/** By id, where the name is one. */
function findProject({ projects }: HarborState, nameOrId: string): HarborProject | undefined {
  if (!/^\d+$/.test(nameOrId)) return projects.get(nameOrId);
  return [...projects.values()].find(({ id }) => id === Number(nameOrId));
}

/** `resource/action`; the project itself is the resource without a name. A missing project is said to be missing before any right is judged. */
export function requireRight(state: HarborState, who: Principal, name: string, right: string): HarborProject {
  const project = findProject(state, name);
  if (project === undefined) throw new HarborError(404, `project ${name} not found`);
  const [resource = '', action = ''] = right.split('/');
  if (mayInProject(who, project, resource, action)) return project;
  requireKnown(who);
  throw new HarborError(403, 'forbidden');
}
