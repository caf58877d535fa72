import { ownerOf } from './quay-names.ts';
import type { QuayPlace } from './quay-place.ts';

type Who = Pick<QuayPlace, 'user' | 'hasToken'>;

/** Half a sentence each: what somebody does who may. */
export function organizationRemedy({ hasToken }: Pick<QuayPlace, 'hasToken'>, name: string): string {
  const token = 'an OAuth access token with the scopes user:admin, org:admin and repo:create';
  return hasToken
    ? `make the organization ${name} at Quay, or use ${token} (of a superuser, where only they make organizations)`
    : `make the organization ${name} at Quay (a robot can make none), or say \`token\` of the target in site.yaml: ${token}`;
}

export function repositoryRemedy({ hasToken }: Who, path: string): string {
  return hasToken
    ? `make the repository ${path} at Quay, or use an access token with the scope repo:create of somebody who may make repositories there`
    : `make the repository ${path} at Quay, or say \`token\` of the target in site.yaml`;
}

export function grantRemedy({ user }: Pick<QuayPlace, 'user'>, path: string): string {
  const kind = ownerOf(user) === undefined ? 'the user' : 'the robot';
  return `give ${kind} ${user} the permission Write on the repository ${path}`;
}

export function foreignRobotRemedy(user: string, owner: string): string {
  return `the robot ${user} belongs to the organization ${owner}: say \`path: "${owner}/{host}/{path}"\` of the target in site.yaml, or use other credentials`;
}
