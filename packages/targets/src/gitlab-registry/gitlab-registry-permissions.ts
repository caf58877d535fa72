import type { Load, Permission, PermissionState, Run } from '@gapferry/core';
import { type PlaceNeed, placeNeeds } from '../registry-host/place-needs.ts';
import type { GitlabRegistryPlace } from './gitlab-registry-place.ts';
import { askActions } from './gitlab-registry-questions.ts';

/** What must be allowed at GitLab for `wanted`. Its token service tells what whoever pushes may do in what is there, its API what may be made: nothing is tried. */
export async function gitlabRegistryPermissions(
  place: GitlabRegistryPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<readonly Permission[]> {
  const needs = placeNeeds(place, wanted);
  const missing = await missingProjects(place, needs, run);
  const { permissions } = place.create
    ? await place.memory.judge(missing, run)
    : { permissions: [] as readonly Permission[] };
  const pushing = await Promise.all(needs.map((need) => inProject(place, need, run)));
  return [...permissions, ...pushing.flat()];
}

/** Sorted. */
export async function missingProjects(
  { memory }: GitlabRegistryPlace,
  needs: readonly PlaceNeed[],
  run: Run,
): Promise<readonly string[]> {
  const looks = await Promise.all(
    needs.map(async (need) => ({ need, look: await memory.look(need.place, run) })),
  );
  return looks.filter(({ look }) => look.state === 'missing').map(({ need }) => need.place);
}

async function inProject(
  place: GitlabRegistryPlace,
  need: PlaceNeed,
  run: Run,
): Promise<readonly Permission[]> {
  const look = await place.memory.look(need.place, run);
  const on = `project ${need.place}`;
  if (look.state === 'missing') return place.create && place.isTokenGiven ? [afterwards(on)] : [];
  if (look.state === 'there' && (look.project.closed !== undefined || look.project.isSwitchedOff)) return [];
  const states = await Promise.all(need.paths.map((path) => mayPush(place, need.place, path, run)));
  const worst = states.find(({ state }) => state === 'lacking') ?? states[0];
  return worst === undefined ? [] : [{ action: 'write_registry', on, ...worst }];
}

/** Who makes a project owns it; a deploy token or another user has what its group gives it. */
function afterwards(on: string): Permission {
  const reason = 'whether the credentials that push cover new projects shows once the project is there';
  return { action: 'write_registry', on, state: 'unknown', reason };
}

async function mayPush(
  place: GitlabRegistryPlace,
  project: string,
  path: string,
  run: Run,
): Promise<PermissionState> {
  const { actions, words } = await askActions(place.login, path, run);
  return actions.includes('push')
    ? { state: 'proven' }
    : { state: 'lacking', remedy: pushRemedy(place, project, words) };
}

/** Half a sentence: what somebody does who may. */
export function pushRemedy(
  { user }: Pick<GitlabRegistryPlace, 'user'>,
  project: string,
  words: string | undefined,
): string {
  if (words !== undefined && /protected/i.test(words))
    return `have the protection rule of the project ${project} let ${user} push (GitLab says: ${words})`;
  return `make ${user} a developer (or more) of the project ${project}, with a token that has the scopes read_registry and write_registry; or make the project, if there is none`;
}
