import { GapferryError, isGapferryError, type Run } from '@gapferry/core';
import type { PlaceState, RegistryHost } from '../registry-host/registry-host.ts';
import { explainRefusal } from './explain-refusal.ts';
import { gitlabRegistryMemory } from './gitlab-registry-memory.ts';
import { gitlabRegistryObstacles } from './gitlab-registry-obstacles.ts';
import { gitlabRegistryPermissions } from './gitlab-registry-permissions.ts';
import type { GitlabRegistryPlace } from './gitlab-registry-place.ts';
import { askLogin } from './gitlab-registry-questions.ts';
import { makeProject } from './make-project.ts';

/** The registry of a GitLab (REST API v4): its places are projects. */
export function gitlabRegistryHost(place: GitlabRegistryPlace): RegistryHost {
  return {
    product: place.product,
    looksLate: true,
    placeOf: place.placeOf,
    nameProblem: place.nameProblem,
    begin: (loads) => {
      place.memory = gitlabRegistryMemory(place.api, place.gitlab);
      place.surveyed = loads;
    },
    signIn: (run) => signIn(place, run),
    look: (project, run) => stateOf(place, project, run),
    makes: (project) => `project ${project} (${place.visibility})`,
    make: (project, run) => makeProject(place, project, run),
    close: (project) => void place.memory.closed.add(project),
    permissions: (wanted, run) => gitlabRegistryPermissions(place, wanted, run),
    obstacles: (wanted, run) => gitlabRegistryObstacles(place, wanted, run),
    explain: (project, error, run) => explainRefusal(place, project, error, run),
  };
}

async function stateOf({ memory }: GitlabRegistryPlace, project: string, run: Run): Promise<PlaceState> {
  if (memory.closed.has(project)) return 'closed';
  const look = await memory.look(project, run);
  return look.state === 'there' && look.project.isSwitchedOff ? 'closed' : look.state;
}

/** A password that the API does not take may be a deploy token's; a token that was given for the API must be one. */
async function signIn(
  { login, memory, user, target, isTokenGiven }: GitlabRegistryPlace,
  run: Run,
): Promise<void> {
  await askLogin(login, run).catch((error: unknown) => {
    throw isGapferryError(error, 'UNAUTHORIZED')
      ? refused(target, `the credentials of ${user}`, error)
      : error;
  });
  if ((await memory.hasApi(run)) || !isTokenGiven) return;
  throw refused(target, 'the access token');
}

function refused(target: string, what: string, cause?: GapferryError): GapferryError {
  return new GapferryError({
    code: 'UNAUTHORIZED',
    message: `GitLab does not take ${what} for target ${target}`,
    hint: what.startsWith('the access')
      ? 'look at `token` of the target in site.yaml: an access token with the scope `api` that is still valid'
      : 'look at `credentials` of the target: user name and access token, or those of a deploy token',
    origin: 'target',
    data: { target },
    ...(cause !== undefined && { cause }),
  });
}
