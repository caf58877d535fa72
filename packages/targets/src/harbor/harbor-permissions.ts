import type { Load, Permission, PermissionState, Run } from '@gapferry/core';
import { type PlaceNeed, placeNeeds } from '../registry-host/place-needs.ts';
import { type HarborPlace, isProjectRobot, isRobot } from './harbor-place.ts';
import { askTokenActions, type Rights } from './harbor-questions.ts';
import { grantRemedy, makingRemedy, pushRemedy } from './remedies.ts';

/** What the credentials must be allowed at Harbor for `wanted`. Harbor tells who asks what he may do: nothing has to be tried. */
export async function harborPermissions(
  place: HarborPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<readonly Permission[]> {
  const needs = placeNeeds(place, wanted);
  return (await Promise.all(needs.map((need) => inProject(place, need, run)))).flat();
}

async function inProject(place: HarborPlace, need: PlaceNeed, run: Run): Promise<readonly Permission[]> {
  const { place: project } = need;
  const look = await place.memory.look(project, run);
  const on = `project ${project}`;
  if (look.state === 'missing') return place.projects.create ? await inNewProject(place, project, run) : [];
  if (look.state === 'hidden')
    return [{ action: 'repository:push', on, state: 'lacking', remedy: pushRemedy(place, project) }];
  if (look.project.isProxy) return [];
  const rights = await place.memory.rights(project, run);
  const isClosed = place.memory.closed.has(project);
  const pull: PermissionState = isClosed
    ? { state: 'lacking', remedy: pushRemedy(place, project) }
    : { state: 'proven' };
  return [
    { action: 'repository:pull', on, ...pull },
    { action: 'repository:push', on, ...(await mayPush(place, need, rights, run)) },
    ...extras(place).map((action) => ({ action, on, ...judge(place, project, rights, action) })),
  ];
}

/** The token service decides as the registry does: it has the last word. */
async function mayPush(
  place: HarborPlace,
  { paths: [path = ''], place: project }: PlaceNeed,
  rights: Rights | undefined,
  run: Run,
): Promise<PermissionState> {
  if (rights?.has('repository:push')) return { state: 'proven' };
  const actions = await askTokenActions(place.api, path, run);
  if (actions?.includes('push')) return { state: 'proven' };
  if (actions === undefined && rights === undefined) return UNTOLD;
  return { state: 'lacking', remedy: pushRemedy(place, project) };
}

const UNTOLD: PermissionState = {
  state: 'unknown',
  reason: 'this Harbor does not tell who asks what he may do',
};

function judge(
  place: HarborPlace,
  project: string,
  rights: Rights | undefined,
  action: string,
): PermissionState {
  if (rights === undefined) return UNTOLD;
  return rights.has(action)
    ? { state: 'proven' }
    : { state: 'lacking', remedy: grantRemedy(place, project, action) };
}

/** What the site wants besides. */
function extras({ labels, scan }: HarborPlace): readonly string[] {
  return [
    ...(labels ? ['label:list', 'label:create', 'artifact-label:create'] : []),
    ...(scan.mode === 'none' ? [] : ['scan:create']),
    ...(scan.mode === 'await' ? ['artifact:read'] : []),
  ];
}

/** Who makes a project is its administrator; a robot has there what its own permissions say of all projects. */
async function inNewProject(place: HarborPlace, project: string, run: Run): Promise<readonly Permission[]> {
  const on = `project ${project}`;
  const making: Permission = { action: 'project:create', on, ...(await mayMake(place, project, run)) };
  if (making.state === 'lacking' || !isRobot(place)) return [making];
  const reason = 'whether the permissions of a robot cover new projects shows once the project is there';
  const action = ['repository:push', ...extras(place)].join(', ');
  return [making, { action, on, state: 'unknown', reason }];
}

async function mayMake(place: HarborPlace, project: string, run: Run): Promise<PermissionState> {
  const lacking = { state: 'lacking', remedy: makingRemedy(place, project) } as const;
  if (isProjectRobot(place)) return lacking;
  const { creation } = await place.memory.system(run);
  if (creation === 'everyone') return { state: 'proven' };
  const rights = await place.memory.systemRights(run);
  if (rights === undefined) return UNTOLD;
  return rights.has('project:create') ? { state: 'proven' } : lacking;
}
