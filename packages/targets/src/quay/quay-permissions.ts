import type { Load, Permission, PermissionState, Run } from '@gapferry/core';
import { placeNeeds } from '../registry-host/place-needs.ts';
import { organizationOf, ownerOf } from './quay-names.ts';
import type { QuayPlace } from './quay-place.ts';
import { askActions } from './quay-questions.ts';
import { foreignRobotRemedy, grantRemedy, organizationRemedy, repositoryRemedy } from './quay-remedies.ts';

/** What must be allowed at Quay for `wanted`. Nothing is tried: the token service makes a missing repository for whoever asks to push there, so it is asked about those that are there alone. */
export async function quayPermissions(
  place: QuayPlace,
  wanted: readonly Load[],
  run: Run,
): Promise<readonly Permission[]> {
  const paths = placeNeeds(place, wanted).map((need) => need.place);
  const organizations = [...new Set(paths.map(organizationOf))];
  const making = await Promise.all(organizations.map((name) => forOrganization(place, name, run)));
  const pushing = await Promise.all(paths.map((path) => forRepository(place, path, run)));
  return [...making, ...pushing].flat();
}

async function forOrganization(place: QuayPlace, name: string, run: Run): Promise<readonly Permission[]> {
  const { state } = await place.memory.organization(name, run);
  if (state !== 'missing' || isOwnNamespace(place, name)) return [];
  if (place.hasToken && !place.organizations.create) return [];
  return [{ action: 'create organization', on: `organization ${name}`, ...mayMake(place, name) }];
}

function mayMake(place: QuayPlace, name: string): PermissionState {
  if (place.hasToken) return UNTOLD;
  if (ownerOf(place.user) !== undefined) return { state: 'lacking', remedy: organizationRemedy(place, name) };
  return {
    state: 'unknown',
    reason: 'without a token Quay makes it with the first push, where CREATE_NAMESPACE_ON_PUSH is set',
  };
}

const UNTOLD: PermissionState = {
  state: 'unknown',
  reason: 'Quay does not tell what an access token may do',
};

async function forRepository(place: QuayPlace, path: string, run: Run): Promise<readonly Permission[]> {
  const on = `repository ${path}`;
  const name = organizationOf(path);
  const organization = await place.memory.organization(name, run);
  if (organization.state === 'missing' && !place.hasToken && !isOwnNamespace(place, name)) return [];
  const look =
    organization.state === 'missing' && place.hasToken
      ? ({ state: 'missing' } as const)
      : await place.memory.repository(path, run);
  if (look.state === 'there') {
    if (look.closed !== undefined) return [];
    return [{ action: 'push', on, ...(await mayPush(place, path, run)) }];
  }
  if (look.state === 'hidden') return [{ action: 'push', on, state: 'unknown', reason: ASKING_MAKES }];
  return forNewRepository(place, path, organization.state === 'there' && organization.isAdmin);
}

const ASKING_MAKES = 'Quay does not tell whether it is there, and asking to push would make it';

async function mayPush(place: QuayPlace, path: string, run: Run): Promise<PermissionState> {
  const actions = await askActions(place.login, place.service, path, run);
  if (actions === undefined)
    return { state: 'unknown', reason: 'the token of the registry says nothing of it' };
  return actions.includes('push')
    ? { state: 'proven' }
    : { state: 'lacking', remedy: grantRemedy(place, path) };
}

/** Made by the API: whose robot it is decides whether it is let in. */
function forNewRepository(place: QuayPlace, path: string, isAdmin: boolean): readonly Permission[] {
  if (!place.repositories.create) return [];
  const on = `repository ${path}`;
  const owner = ownerOf(place.user);
  if (owner !== undefined && owner !== organizationOf(path))
    return [{ action: 'push', on, state: 'lacking', remedy: foreignRobotRemedy(place.user, owner) }];
  const { hasToken } = place;
  const making: PermissionState = isAdmin
    ? { state: 'proven' }
    : hasToken
      ? UNTOLD
      : { state: 'lacking', remedy: repositoryRemedy(place, path) };
  return [{ action: 'create repository', on, ...making }];
}

/** A user's own repositories lie below his name: that is no organisation, and there is nothing to make. */
function isOwnNamespace({ user }: QuayPlace, name: string): boolean {
  return user === name || ownerOf(user) === name;
}
