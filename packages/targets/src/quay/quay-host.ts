import { GapferryError, isGapferryError, type Run } from '@gapferry/core';
import type { PlaceState, RegistryHost } from '../registry-host/registry-host.ts';
import { sizeText } from '../registry-host/size-text.ts';
import { explainRefusal } from './explain-refusal.ts';
import { makeRepository } from './make-repository.ts';
import { quayMemory } from './quay-memory.ts';
import { organizationOf, ownerOf } from './quay-names.ts';
import { quayObstacles } from './quay-obstacles.ts';
import { quayPermissions } from './quay-permissions.ts';
import type { QuayPlace } from './quay-place.ts';
import { askCurrentUser, askLogin } from './quay-questions.ts';

/** Quay (API v1): its places are repositories, each of an organisation. */
export function quayHost(place: QuayPlace): RegistryHost {
  return {
    product: place.product,
    looksLate: true,
    placeOf: place.placeOf,
    // What Quay does not take by its configuration is told once for all of it.
    nameProblem: (path) => place.nameProblem(path) ?? nestedProblem(place, path),
    begin: (loads, medium) => {
      place.memory = quayMemory(place.api);
      place.surveyed = loads;
      if (medium === undefined) delete place.medium;
      else place.medium = medium;
    },
    signIn: (run) => signIn(place, run),
    look: (path, run) => stateOf(place, path, run),
    makes: (path) => makesText(place, path),
    make: (path, run) => makeRepository(place, path, run),
    close: (path) => void place.memory.closed.add(path),
    permissions: (wanted, run) => quayPermissions(place, wanted, run),
    obstacles: (wanted, run) => quayObstacles(place, wanted, run),
    explain: (path, error, run) => explainRefusal(place, path, error, run),
  };
}

function nestedProblem({ memory }: QuayPlace, path: string): string | undefined {
  return memory.names.nested === false && path.split('/').length > 2 ? 'it has a slash' : undefined;
}

/** Without a token nobody tells what is missing. */
async function stateOf({ memory, hasToken, user }: QuayPlace, path: string, run: Run): Promise<PlaceState> {
  if (memory.closed.has(path)) return 'closed';
  const name = organizationOf(path);
  const { state } = await memory.organization(name, run);
  const isOwn = user === name || ownerOf(user) === name;
  if (state === 'missing' && !isOwn) return hasToken ? 'missing' : 'closed';
  return hasToken ? (await memory.repository(path, run)).state : 'hidden';
}

function makesText({ memory, organizations, repositories }: QuayPlace, path: string): string {
  const name = organizationOf(path);
  const made = `repository ${path} (${repositories.public ? 'public' : 'private'})`;
  if (!memory.missing.has(name)) return made;
  const { quota } = organizations;
  return `${made} in a new organization ${name}${quota === undefined ? '' : ` (quota ${sizeText(quota)})`}`;
}

async function signIn(place: QuayPlace, run: Run): Promise<void> {
  const { login, service, api, hasToken, user } = place;
  await place.memory.system(run);
  await askLogin(login, service, run).catch((error: unknown) => {
    throw isGapferryError(error, 'UNAUTHORIZED')
      ? refused(place, `the credentials of ${user}`, error)
      : error;
  });
  if (!hasToken) return;
  await askCurrentUser(api, run).catch((error: unknown) => {
    throw isGapferryError(error, 'UNAUTHORIZED') ? refused(place, 'the access token', error) : error;
  });
}

function refused({ target }: QuayPlace, what: string, cause: GapferryError): GapferryError {
  return new GapferryError({
    code: 'UNAUTHORIZED',
    message: `Quay does not take ${what} for target ${target}`,
    hint: what.startsWith('the access')
      ? 'look at `token` of the target in site.yaml: an OAuth access token of an application of Quay, which may be over'
      : 'look at `credentials` of the target: a robot stands there as org+robot, with its token; it may have been made anew',
    origin: 'target',
    data: { target },
    cause,
  });
}
