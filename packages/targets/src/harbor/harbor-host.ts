import { GapferryError, isGapferryError, type Run } from '@gapferry/core';
import type { PlaceState, RegistryHost } from '../registry-host/registry-host.ts';
import { sizeText } from '../registry-host/size-text.ts';
import { afterName } from './after-name.ts';
import { explainRefusal } from './explain-refusal.ts';
import { harborMemory } from './harbor-memory.ts';
import { harborObstacles } from './harbor-obstacles.ts';
import { harborPermissions } from './harbor-permissions.ts';
import { type HarborPlace, isRobot } from './harbor-place.ts';
import { makeProject } from './make-project.ts';

/** Harbor (API v2.0): its places are projects. */
export function harborHost(place: HarborPlace): RegistryHost {
  return {
    product: place.product,
    placeOf: place.placeOf,
    nameProblem: place.nameProblem,
    begin: (loads) => {
      place.memory = harborMemory(place.api);
      place.surveyed = loads;
    },
    signIn: (run) => signIn(place, run),
    look: (project, run) => stateOf(place, project, run),
    makes: (project) => makesText(place, project),
    make: (project, run) => makeProject(place, project, run),
    close: (project) => void place.memory.closed.add(project),
    permissions: (wanted, run) => harborPermissions(place, wanted, run),
    obstacles: (wanted, run) => harborObstacles(place, wanted, run),
    explain: (project, error, run) => explainRefusal(place, project, error, run),
    afterName: (name, outcome, run) => afterName(place, name, outcome, run),
  };
}

async function stateOf({ memory }: HarborPlace, project: string, run: Run): Promise<PlaceState> {
  const { state } = await memory.look(project, run);
  // Whoever has nothing to do with a project is refused by its registry.
  return state === 'hidden' || memory.closed.has(project) ? 'closed' : state;
}

function makesText({ projects }: HarborPlace, project: string): string {
  const limit = projects.quota === undefined ? '' : `, quota ${sizeText(projects.quota)}`;
  return `project ${project} (${projects.public ? 'public' : 'private'}${limit})`;
}

/** What a Harbor says about credentials is the same whatever is wrong with them. */
async function signIn({ memory, user, target }: HarborPlace, run: Run): Promise<void> {
  await memory.system(run).catch((error: unknown) => {
    if (!isGapferryError(error, 'UNAUTHORIZED')) throw error;
    throw new GapferryError({
      code: 'UNAUTHORIZED',
      message: `Harbor does not take the credentials of ${user} for target ${target}`,
      hint: isRobot({ user })
        ? 'look at the robot in Harbor: its secret may be another, it may be expired or disabled; its name stands in `credentials` as Harbor shows it, with the $'
        : 'check the name and the password in `credentials` of the target',
      origin: 'target',
      data: { target },
      cause: error,
    });
  });
}
